import type { TokenAnswer } from './token-answer.ts'

/** An access token as a token endpoint gave it, before anybody put a time on it. */
export interface GrantedToken {
  token: string
  type: 'bearer' | 'dpop'
  /** Absent when the provider said nothing: the token is then used until a 401 (T7). */
  expiresInSeconds?: number
  scope?: string
}

/**
 * The access token of an answer. Undefined when its type is not the one that was asked for: a DPoP key is
 * never downgraded to Bearer (T10), a proof cannot be invented, and `N_A` (RFC 8693 section 2.2.1) stands
 * for a token that goes into no header.
 */
export function grantedToken(
  answer: TokenAnswer,
  type: 'bearer' | 'dpop',
): GrantedToken | undefined {
  if (answer.type !== type) return undefined
  const { accessToken: token, expiresInSeconds, scope } = answer
  return {
    token,
    type,
    ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
    ...(scope === undefined ? {} : { scope }),
  }
}
