import { isAtOrBelow, remotePrefix } from '../config/remote-paths.ts'
import type { Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'

/**
 * Remotes whose path Next has no route for. In a server of one's own each request is led to the route of the remotes
 * before Next sees it; on Vercel the platform routes by the address itself, before anything of ours runs.
 */
export function unroutedRemotes(settings: Pick<Settings, 'onVercel' | 'remotes'>): Problem[] {
  if (!settings.onVercel) return []
  return Object.values(settings.remotes)
    .filter(({ path }) => !isAtOrBelow(path, remotePrefix))
    .map(({ name }) => ({
      setting: `remotes.${name}.path`,
      problem: 'leads nowhere on Vercel, which routes by the files of app/',
      fix: `leave it out and call ${remotePrefix}/${name}, or run the app in a server of your own`,
    }))
}
