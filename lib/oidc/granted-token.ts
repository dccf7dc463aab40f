import type { TokenEndpointResponse } from 'openid-client'

/** An access token as a token endpoint gave it, before anybody put a time on it. */
export interface GrantedToken {
  token: string
  type: 'bearer' | 'dpop'
  /** Absent when the provider said nothing: the token is then used until a 401 (T7). */
  expiresInSeconds?: number
  scope?: string
}

/**
 * Reads a token answer that openid-client has checked. Undefined when the token type is not the one
 * that was asked for: a DPoP key is never downgraded to Bearer (T10), and a proof cannot be invented.
 */
export function grantedToken(
  answer: TokenEndpointResponse,
  type: 'bearer' | 'dpop',
): GrantedToken | undefined {
  if (answer.token_type !== type) return undefined
  return {
    token: answer.access_token,
    type,
    ...(answer.expires_in === undefined ? {} : { expiresInSeconds: answer.expires_in }),
    ...(answer.scope === undefined ? {} : { scope: answer.scope }),
  }
}
