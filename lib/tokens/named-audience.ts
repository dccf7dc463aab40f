import type { Settings } from '../config/settings.ts'
import { jwtClaims } from '../oidc/jwt-claims.ts'
import { createBoundedMap } from '../store/bounded-map.ts'
import type { Log } from '../telemetry/log.ts'

/** Sees whether a token is for whom it was asked for. */
export type CheckAudience = (
  token: string,
  /** `resource` or `audience` of the request; nothing to see where neither was asked for. */
  asked: { readonly resource?: string; readonly audience?: string },
  /** Whose calls it is for. */
  whose: { readonly remotes: readonly string[] } | { readonly client: string },
) => void

/**
 * A provider may ignore `resource` (RFC 8707) and `audience` (RFC 8693), and give a token that is for somebody
 * else, which the API then refuses, or worse, does not. Told once for each configuration in a process (T26).
 */
export function createCheckAudience(deps: {
  log: Log
  remotes: Settings['remotes']
}): CheckAudience {
  const nameOf: (whose: Parameters<CheckAudience>[2]) => string = (whose) => {
    if ('remotes' in whose) return `remote ${whose.remotes.join(', ')}`
    const remotes = Object.values(deps.remotes).filter(({ client }) => client === whose.client)
    const names = remotes.map(({ name }) => name).join(', ')
    return `client ${whose.client}${names && `, remote ${names}`}`
  }
  const told = createBoundedMap<true>({ maxWeight: 1000, weigh: () => 1 })
  return (token, { resource, audience }, whose) => {
    const asked = [resource, audience].filter((each) => each !== undefined)
    if (asked.length === 0) return
    const named = audienceOf(token)
    if (named === undefined || asked.some((each) => named.includes(each))) return
    const name = nameOf(whose)
    const place = JSON.stringify([name, asked])
    if (told.get(place)) return
    told.set(place, true)
    deps.log.event('misconfiguration', {
      what: `the token for "${asked.join('" and "')}" (${name}) is for "${named.join('", "')}"`,
      fix: 'allow this client the API at the provider, or ask as it wants to be asked: by resource, audience or scope',
    })
  }
}

/** Undefined of a token that is no JWT: only the provider can read it. */
function audienceOf(token: string): string[] | undefined {
  const claims = jwtClaims(token)
  return claims && [claims.aud ?? []].flat().map(String)
}
