import { endpointPathsOf, ownPathsOf } from '../config/paths.ts'
import { isAtOrBelow } from '../config/remote-paths.ts'
import type { Settings } from '../config/settings.ts'
import { createChooser } from '../frontends/choose.ts'

/**
 * Whether an address is ours, by the settings alone: of the frontend that it leads to. A path without a host is looked
 * at as one of the top level's host.
 */
export function ownTargets(
  settings: Settings,
): (host: string | undefined, path: string) => boolean {
  const paths = new Map<Settings, (path: string) => boolean>()
  const others = settings.frontends
  const { choose } = createChooser({ top: settings, others, settingsOf: (it) => it })
  const { host: topHost } = new URL(settings.publicOrigin)
  return (host = topHost, path) => {
    const found = choose(['host', host], path)
    // What is refused is refused by us.
    const its = typeof found === 'string' ? settings : found
    const isOwn = paths.get(its) ?? ownPaths(its)
    paths.set(its, isOwn)
    return isOwn(path)
  }
}

/**
 * Whether a path is ours, by the settings alone. Below the base path everything is, known or not; at the root of the
 * origin the endpoints' own names are.
 */
function ownPaths(settings: Settings): (path: string) => boolean {
  const names =
    settings.basePath === settings.root ? new Set(endpointPathsOf(settings)) : new Set<string>()
  const prefixes = ownPathsOf(settings).filter((path) => !names.has(path))
  return (path) => {
    const tidy = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    return names.has(tidy) || prefixes.some((prefix) => isAtOrBelow(tidy, prefix))
  }
}
