import { given } from '../http/given.ts'
import type { TokenAnswer } from './token-answer.ts'

/** An access token as a token endpoint gave it, before anybody put a time on it. */
export interface GrantedToken {
  readonly token: string
  readonly type: 'bearer' | 'dpop'
  /** Absent when the provider said nothing: the token is then used until a 401 (T7). */
  readonly expiresInSeconds?: number
  readonly scope?: string
}

/**
 * The access token of an answer. Undefined when its type is not the one that was asked for: a DPoP key is
 * never downgraded to Bearer (T10), a proof cannot be invented, and `N_A` (RFC 8693 section 2.2.1) stands
 * for a token that goes into no header. A line break, and what else RFC 9110 section 5.5 leaves out, goes
 * into none either. A refresh token beside it is good all the same (T21).
 */
export function grantedToken(
  answer: TokenAnswer,
  type: 'bearer' | 'dpop',
): GrantedToken | undefined {
  const { accessToken: token, expiresInSeconds, scope } = answer
  if (answer.type !== type || !fitsHeader.test(token)) return undefined
  return {
    token,
    type,
    ...given({ expiresInSeconds, scope }),
  }
}

const fitsHeader = /^[\t\x20-\x7e\x80-\xff]+$/
