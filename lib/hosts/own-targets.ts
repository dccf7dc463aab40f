import { endpointPathsOf, ownPathsOf } from '../config/paths.ts'
import { isAtOrBelow } from '../config/remote-paths.ts'
import type { Settings } from '../config/settings.ts'

/**
 * Whether a path is ours, by the settings alone. Below the base path everything is, known or not; at the root of the
 * origin the endpoints' own names are.
 */
export function ownTargets(settings: Settings): (path: string) => boolean {
  const names = settings.basePath === '' ? new Set(endpointPathsOf(settings)) : new Set<string>()
  const prefixes = ownPathsOf(settings).filter((path) => !names.has(path))
  return (path) => {
    const tidy = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    return names.has(tidy) || prefixes.some((prefix) => isAtOrBelow(tidy, prefix))
  }
}
