import * as client from 'openid-client'
import { given } from '../http/given.ts'
import type { OpenProviderCall } from './provider-call.ts'
import { callLimitMs } from './provider-fetch.ts'

export interface EndSessionRequest {
  readonly idTokenHint?: string
  readonly state: string
}

/**
 * RP-Initiated Logout 1.0 section 2. Undefined when the provider has no end-session endpoint or does
 * not answer in time: the sign-out here is complete without it (O1).
 */
export async function endSessionUrl(
  { idTokenHint, state }: EndSessionRequest,
  deps: { postLogoutRedirectUri: string; call: OpenProviderCall },
): Promise<URL | undefined> {
  try {
    const { configuration } = await deps.call({ limitMs: callLimitMs })
    return client.buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: deps.postLogoutRedirectUri,
      state,
      ...given({ id_token_hint: idTokenHint }),
    })
  } catch {
    return undefined
  }
}
