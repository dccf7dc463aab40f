import type { Settings } from '../config/settings.ts'
import type { Log } from '../telemetry/log.ts'
import { tokenSlot } from '../tokens/token-slot.ts'
import type { TokenTarget } from '../tokens/user-token.ts'

type Remotes = Settings['remotes']

/** Resources of which user tokens will be asked: a provider may want to hear of them at sign-in. */
export function resourcesOf(remotes: Remotes): string[] {
  const resources = Object.values(remotes).map(({ resource }) => resource)
  return [...new Set(resources.filter((resource) => resource !== undefined))]
}

/** The remotes for whose calls such a user token is asked, by name. */
export function remotesOf(remotes: Remotes, target: TokenTarget): string[] {
  const slot = tokenSlot(target)
  return Object.values(remotes)
    .filter((remote) => !remote.exchange && tokenSlot(remote) === slot)
    .map(({ name }) => name)
}

/** The provider does not know these resources, and sign-ins go on without them. */
export function tellRefused(
  remotes: Remotes,
  log: Log,
  resources: readonly string[],
  which: 'each' | 'one of them',
): void {
  const told = Object.values(remotes).flatMap(({ name, resource }) =>
    resource !== undefined && resources.includes(resource)
      ? [`resource "${resource}" (remote ${name})`]
      : [],
  )
  if (which === 'one of them') {
    log.event('misconfiguration', {
      what: `the provider refuses a sign-in for one of these, and does not say which: ${told.join(', ')}`,
      fix: 'compare their resources with what the provider knows; until then sign-ins go without any',
    })
    return
  }
  for (const it of told) {
    log.event('misconfiguration', {
      what: `the provider refuses a sign-in for ${it}`,
      fix: 'compare the resource of the remote with what the provider knows; until then sign-ins go without it',
    })
  }
}
