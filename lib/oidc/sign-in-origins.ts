import type { Discovery } from './discovery.ts'

/** Which origins a browser meets at the provider, for the policy of pages that hold a silent sign-in. */
export interface SignInOrigins {
  /** The provider's metadata; a look at it is what the origins are known from. */
  readonly metadata: Discovery
  /** The issuer's and the authorization endpoint's. Undefined until the provider was asked; asks it once. */
  origins(): readonly string[] | undefined
}

export function createSignInOrigins(issuer: string, discovery: Discovery): SignInOrigins {
  let known: readonly string[] | undefined
  let asked = false

  const metadata: Discovery = async () => {
    const found = await discovery()
    const places = [issuer, found.authorization_endpoint ?? issuer]
    known = [...new Set(places.map((place) => new URL(place).origin))]
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
