import { asksForNonce, parseChallenges, stepUpLoginUrl } from '../http/challenge.ts'
import type { TokenResult } from '../tokens/token-result.ts'
import type { AnswerHeaders } from './response-headers.ts'

/** What is done about an API's 401. */
export type After401 =
  | { readonly do: 'pass' }
  /** Sent again with the nonce that the API asked for. */
  | { readonly do: 'repeat' }
  /** Sent again with another token, if there is one. */
  | { readonly do: 'renew' }
  /** The user has to sign in more strongly, or anew. */
  | { readonly do: 'step-up'; readonly loginUrl: string }

/** One call's retries: each kind at most once, and only with a body that can be sent again (T12, T13). */
export class Retries {
  #forNonce = false
  #forToken = false
  #forConnection = false

  after401(
    headers: AnswerHeaders,
    call: {
      readonly token: TokenResult
      readonly isUsers: boolean
      readonly isReplayable: boolean
      readonly basePath: string
    },
  ): After401 {
    if (call.token.kind === 'none') return { do: 'pass' }
    const challenges = parseChallenges(headers['www-authenticate'])
    const loginUrl = call.isUsers ? stepUpLoginUrl(challenges, call.basePath) : undefined
    if (loginUrl !== undefined) return { do: 'step-up', loginUrl }
    if (!call.isReplayable) return { do: 'pass' }
    // RFC 9449 section 9: use_dpop_nonce is an instruction, not a failure. Retry once, never twice; and
    // since it says nothing against the token, it is no reason to renew that (T16).
    if (call.token.kind === 'dpop' && asksForNonce(challenges)) {
      if (this.#forNonce) return { do: 'pass' }
      this.#forNonce = true
      return { do: 'repeat' }
    }
    if (this.#forToken) return { do: 'pass' }
    this.#forToken = true
    return { do: 'renew' }
  }

  /** True once: a kept connection may break in the moment in which it is used again. */
  afterLostConnection(): boolean {
    if (this.#forConnection) return false
    this.#forConnection = true
    return true
  }
}
