import { randomBytes } from 'node:crypto'
import type { Provider } from './provider.ts'
import { callLimitMs } from './provider-fetch.ts'

/** Whether the provider would send a browser back to us; `unknown` when it cannot be told from here. */
export type RedirectUriStanding = 'accepted' | 'refused' | 'unknown'

/**
 * Asks the authorization endpoint as a browser without cookies would, with `prompt=none`: a provider that
 * knows the redirect URI redirects to it with an error, and one that does not shows a page of its own
 * (RFC 6749 section 4.1.2.1), which is why no log of ours would ever tell. For development only.
 */
export function createRedirectUriProbe(deps: {
  provider: Pick<Provider, 'authorizationUrl'>
  fetch: typeof fetch
  redirectUri: string
}): () => Promise<RedirectUriStanding> {
  const random = () => randomBytes(32).toString('base64url')
  return async () => {
    try {
      const url = await deps.provider.authorizationUrl({
        state: random(),
        nonce: random(),
        codeChallenge: random(),
        prompt: 'none',
      })
      const signal = AbortSignal.timeout(callLimitMs)
      const response = await deps.fetch(url, { redirect: 'manual', cache: 'no-store', signal })
      await response.body?.cancel()
      if (response.headers.get('location')?.startsWith(deps.redirectUri)) return 'accepted'
      return response.status >= 400 && response.status < 500 ? 'refused' : 'unknown'
    } catch {
      return 'unknown'
    }
  }
}
