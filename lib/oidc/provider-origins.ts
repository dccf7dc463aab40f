import type { ServerMetadata } from 'openid-client'
import type { Discovery } from './discovery.ts'
import { forLatest } from './for-latest.ts'

/** Which origins a browser meets at the provider, for the policy of pages that lead there. */
export interface ProviderOrigins {
  /** The issuer's and the authorization endpoint's. */
  readonly signIn: readonly string[]
  /** The sign-out page's; none where there is no such page. */
  readonly signOut: readonly string[]
}

export interface KnownOrigins {
  /** The provider's metadata; a look at it is what the origins are known from. */
  readonly metadata: Discovery
  /** Undefined until the provider was asked; asks it once. */
  origins(): ProviderOrigins | undefined
}

/** @param signOutPage in place of the provider's own */
export function createProviderOrigins(
  issuer: string,
  discovery: Discovery,
  signOutPage?: string,
): KnownOrigins {
  let known: ProviderOrigins | undefined
  let asked = false
  const read = forLatest(
    ({ authorization_endpoint, end_session_endpoint }: ServerMetadata): ProviderOrigins => ({
      signIn: originsOf([issuer, authorization_endpoint]),
      signOut: originsOf([signOutPage ?? end_session_endpoint]),
    }),
  )

  const metadata: Discovery = async () => {
    const found = await discovery()
    known = read(found)
    return found
  }
  return {
    metadata,
    origins() {
      // No page waits for a provider, and none asks twice: the next sign-in will.
      if (!asked) metadata().catch(() => {})
      asked = true
      return known
    },
  }
}

function originsOf(places: readonly (string | undefined)[]): string[] {
  return [...new Set(places.flatMap((place) => URL.parse(place ?? '')?.origin ?? []))]
}
