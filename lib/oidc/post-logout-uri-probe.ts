import { randomBytes } from 'node:crypto'
import type { Navigate } from '../http/outgoing.ts'
import type { Provider } from './provider.ts'
import { endOf, type RedirectUriStanding } from './redirect-uri-probe.ts'

/**
 * Asks the sign-out page as a browser that nobody is signed in with, for our address and for one that nobody has
 * registered. Most providers ask first whether one means it, whatever the address: only a page that says no, with a
 * 4xx, says anything (RP-Initiated Logout 1.0 section 3).
 */
export function createPostLogoutUriProbe(deps: {
  readonly provider: Pick<Provider, 'endSessionUrl'>
  readonly navigate: Navigate
  readonly postLogoutRedirectUri: string
}): () => Promise<RedirectUriStanding> {
  const { navigate, postLogoutRedirectUri: ours } = deps
  return async () => {
    const page = await deps.provider.endSessionUrl({ state: randomBytes(16).toString('base64url') })
    if (!page) return 'unknown'
    const urlFor = async (uri: string) => {
      const url = new URL(page)
      url.searchParams.set('post_logout_redirect_uri', uri)
      return url
    }
    const end = await endOf({ urlFor, navigate }, ours)
    if (end === 'back') return 'accepted'
    return /^4\d\d /.test(end) ? 'refused' : 'unknown'
  }
}
