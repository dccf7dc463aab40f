import type { Settings } from '../config/settings.ts'
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
