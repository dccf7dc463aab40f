import { asksForNonce, parseChallenges } from '../http/challenge.ts'
import type { MaybePromise } from '../store/key-value.ts'
import type { TokenFailure, TokenResult } from './token-result.ts'

/** There is no token for the call; nothing was sent. `code` says why. */
export class TokenUnavailableError extends Error {
  readonly code: TokenFailure
  constructor(code: TokenFailure) {
    super(`no token for this call: ${code}`)
    this.name = 'TokenUnavailableError'
    this.code = code
  }
}

export interface TokenFetchDeps {
  /** `rejected` is the token that the API has just refused. */
  readonly token: (options: { rejected?: string }) => MaybePromise<TokenResult>
  readonly fetch: typeof fetch
}

type Sendable = Extract<TokenResult, { kind: 'bearer' | 'dpop' }>

/**
 * A `fetch` that carries a token: attaches it (with a DPoP proof where it is bound), and answers one 401
 * or one nonce challenge with one retry, when the body can be sent again (RFC 9449 section 9). A second
 * refusal is the caller's to see.
 *
 * @throws TokenUnavailableError when there is no token; otherwise whatever `fetch` throws
 */
export function createTokenFetch(deps: TokenFetchDeps): typeof fetch {
  async function obtain(rejected?: string): Promise<Sendable> {
    const result = await deps.token(rejected === undefined ? {} : { rejected })
    if (result.kind === 'bearer' || result.kind === 'dpop') return result
    throw new TokenUnavailableError(result.kind === 'failed' ? result.code : 'not_signed_in')
  }

  async function send(request: Request, token: Sendable): Promise<Response> {
    const { headers, method, url } = request
    headers.delete('dpop')
    if (token.kind === 'bearer') headers.set('authorization', `Bearer ${token.token}`)
    else {
      headers.set('authorization', `DPoP ${token.token}`)
      headers.set('dpop', await token.signer.proof(method, url))
    }
    const response = await deps.fetch(request)
    const nonce = response.headers.get('dpop-nonce')
    if (nonce !== null && token.kind === 'dpop') token.signer.rememberNonce(url, nonce)
    return response
  }

  return async (input, init) => {
    const request = new Request(input, init)
    // A copy for the retry keeps what was sent in memory; a stream is never kept.
    const retry = isReplayable(input, init) ? request.clone() : undefined
    const token = await obtain()
    const response = await send(request, token)
    if (response.status !== 401 || !retry) {
      await retry?.body?.cancel()
      return response
    }
    const challenges = parseChallenges(response.headers.get('www-authenticate') ?? undefined)
    const sameToken = token.kind === 'dpop' && asksForNonce(challenges)
    const next = sameToken ? token : await obtain(token.token).catch(() => undefined)
    // No better token: the API's own answer says more than we could.
    if (!next || (!sameToken && next.token === token.token)) {
      await retry.body?.cancel()
      return response
    }
    await response.body?.cancel()
    return send(retry, next)
  }
}

function isReplayable(input: string | URL | Request, init: RequestInit | undefined): boolean {
  const body = init?.body
  if (body === undefined || body === null) {
    return !(input instanceof Request) || input.body === null
  }
  return !(body instanceof ReadableStream) && !(Symbol.asyncIterator in Object(body))
}
