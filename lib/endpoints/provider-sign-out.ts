import { type ReturnUrl, shorter } from '../http/return-url.ts'
import type { Provider } from '../oidc/provider.ts'
import type { Seal } from '../session/seal.ts'

export interface ProviderSignOutDeps {
  readonly provider: Pick<Provider, 'endSessionUrl'>
  /** Seals the return URL into `state`. */
  readonly seal: Seal
}

/** What servers on the way refuse, or have no room for in a head, begins not far above (O9). */
const longestAddress = 2000

/**
 * The provider's address that signs out there, where it has one. It stays short: first the return URL
 * shrinks, and then an ID token that is long by itself is left out (`client_id` is there; without the hint
 * a provider may ask whether one means it).
 */
export function createProviderSignOut({ provider, seal }: ProviderSignOutDeps) {
  return async (returnUrl: ReturnUrl, idToken?: string): Promise<string | undefined> => {
    const hints = idToken === undefined ? [{}] : [{ idTokenHint: idToken }, {}]
    let shortest: string | undefined
    for (const hint of hints) {
      for (const back of shorter(returnUrl)) {
        const state = await seal.seal({ returnUrl: back })
        shortest = (await provider.endSessionUrl({ state, ...hint }))?.href
        if (shortest === undefined || shortest.length <= longestAddress) return shortest
      }
    }
    return shortest
  }
}

export type ProviderSignOut = ReturnType<typeof createProviderSignOut>
