import { isAtOrBelow, remotePrefix } from '../config/remote-paths.ts'
import type { Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'

/** Where the route file of the endpoints lies in a Next app: `app/bff/[...path]/route.ts`. */
const endpointsFile = '/bff'

/**
 * Paths of ours that Next has no route for. In a server of one's own each request is led to the two route files
 * before Next sees it; on Vercel the platform routes by the address itself, before anything of ours runs.
 */
export function unroutedPaths(
  settings: RoutedSettings & { readonly onVercel: boolean },
): Problem[] {
  if (!settings.onVercel) return []
  const ofFrontends = (settings.frontends ?? []).flatMap((its) => {
    const name = `frontends.${its.frontend?.name}`
    if (its.root === '') {
      return unroutedOf(its).map((it) => ({ ...it, setting: `${name}.${it.setting}` }))
    }
    return [{ setting: `${name}.path`, problem, fix: 'give it a host of its own' }]
  })
  return [...unroutedOf(settings), ...ofFrontends]
}

type RoutedSettings = Pick<
  Settings,
  'remotes' | 'basePath' | 'callbackPath' | 'logoutCallbackPath'
> & { readonly frontends?: readonly Settings[] }

const problem = 'leads nowhere on Vercel, which routes by the files of app/'

function unroutedOf(settings: RoutedSettings): Problem[] {
  const { basePath, callbackPath, logoutCallbackPath } = settings
  const endpoints = Object.entries({ basePath, callbackPath, logoutCallbackPath })
    .filter(([, path]) => !isAtOrBelow(path, endpointsFile))
    .map(([setting]) => ({
      setting,
      problem,
      fix: `leave it out, so that it is ${endpointsFile}, or run the app in a server of your own`,
    }))
  const remotes = Object.values(settings.remotes)
    .filter(({ path }) => !isAtOrBelow(path, remotePrefix))
    .map(({ name }) => ({
      setting: `remotes.${name}.path`,
      problem,
      fix: `leave it out and call ${remotePrefix}/${name}, or run the app in a server of your own`,
    }))
  return [...endpoints, ...remotes]
}
