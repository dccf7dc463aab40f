import { asksForNonce, parseChallenges } from '../http/challenge.ts'
import type { MaybePromise } from '../store/key-value.ts'
import type { FailureReason, TokenFailure, TokenResult } from '../tokens/token-result.ts'
import { isSameOrigin, type Outgoing, redirectOf } from './fetch-redirect.ts'

/** There is no token for the call; nothing was sent. `code` says why. */
export class TokenUnavailableError extends Error {
  readonly code: TokenFailure
  /** What the provider said, where it was asked for this very token. */
  readonly reason?: FailureReason
  constructor(code: TokenFailure, reason?: FailureReason) {
    super(`no token for this call: ${code}`)
    this.name = 'TokenUnavailableError'
    this.code = code
    if (reason) this.reason = reason
  }
}

export interface TokenFetchDeps {
  /** `rejected` is the token that the API has just refused. */
  readonly token: (options: { rejected?: string }) => MaybePromise<TokenResult>
  readonly fetch: typeof fetch
}

type Sendable = Extract<TokenResult, { readonly kind: 'bearer' | 'dpop' }>

/** As many as the fetch standard follows. */
const maxRedirects = 20

/**
 * A `fetch` that carries a token: attaches it (with a DPoP proof where it is bound), and answers one 401
 * and one nonce challenge with a retry, when the body can be sent again (RFC 9449 section 9). A second
 * refusal is the caller's to see. Redirects are followed here, since each request needs its own proof, and
 * no other origin than the first may see the token.
 *
 * @throws TokenUnavailableError when there is no token; otherwise whatever `fetch` throws
 */
export function createTokenFetch(deps: TokenFetchDeps): typeof fetch {
  async function obtain(signal: AbortSignal, rejected?: string): Promise<Sendable> {
    const asked = deps.token(rejected === undefined ? {} : { rejected })
    const result = await unlessAborted(asked, signal)
    if (result.kind === 'bearer' || result.kind === 'dpop') return result
    if (result.kind === 'failed') throw new TokenUnavailableError(result.code, result.reason)
    throw new TokenUnavailableError('not_signed_in')
  }

  /** Another token than the one that was refused, if there is one. */
  async function renewed(signal: AbortSignal, refused: Sendable): Promise<Sendable | undefined> {
    const next = await obtain(signal, refused.token).catch(() => undefined)
    signal.throwIfAborted()
    return next && next.token !== refused.token ? next : undefined
  }

  return async (input, init) => {
    const request = new Request(input, init)
    const { signal, redirect } = request
    let outgoing = await outgoingOf(request, isReplayable(input, init))
    const home = outgoing.url
    let token: Sendable | undefined = await obtain(signal)
    let hasNonce = false
    let hasRenewed = false
    let followed = 0
    const send = () => sendOnce(deps.fetch, outgoing, token, { signal, ...dispatcherOf(init) })

    for (;;) {
      const response = await send()
      const next = redirect === 'manual' ? undefined : await leadOn(outgoing, response, redirect)
      if (next) {
        if (followed === maxRedirects) throw new TypeError('the API redirects too often')
        followed += 1
        outgoing = next
        // Once elsewhere, it stays off: what leads back was said by somebody else.
        if (!isSameOrigin(next.url, home)) token = undefined
        continue
      }
      if (followed > 0) Object.defineProperty(response, 'redirected', { value: true })
      const canRepeat = !(outgoing.body instanceof ReadableStream)
      if (response.status !== 401 || !token || !canRepeat) return response
      const challenges = parseChallenges(response.headers.get('www-authenticate') ?? undefined)
      if (token.kind === 'dpop' && asksForNonce(challenges)) {
        if (hasNonce) return response
        hasNonce = true
      } else {
        // No better token: the API's own answer says more than we could.
        const better: Sendable | undefined = hasRenewed ? undefined : await renewed(signal, token)
        if (!better) return response
        hasRenewed = true
        token = better
      }
      await response.body?.cancel()
    }
  }
}

/** Where the answer leads, its own body dropped. */
async function leadOn(outgoing: Outgoing, response: Response, mode: 'follow' | 'error') {
  try {
    const next = redirectOf(outgoing, response)
    if (next && mode === 'error') throw new TypeError('the API redirects, which was not allowed')
    if (next) await response.body?.cancel()
    return next
  } catch (error) {
    await response.body?.cancel()
    throw error
  }
}

async function sendOnce(
  fetchIt: typeof fetch,
  { url, method, headers: wanted, body }: Outgoing,
  token: Sendable | undefined,
  options: RequestInit,
): Promise<Response> {
  const headers = new Headers(wanted)
  headers.delete('dpop')
  if (token)
    headers.set('authorization', `${token.kind === 'dpop' ? 'DPoP' : 'Bearer'} ${token.token}`)
  if (token?.kind === 'dpop') headers.set('dpop', await token.signer.proof(method, url))
  const stream = body instanceof ReadableStream ? { duplex: 'half' } : {}
  const init = { ...options, method, headers, body, redirect: 'manual', ...stream }
  const response = await fetchIt(url, init as RequestInit)
  const nonce = response.headers.get('dpop-nonce')
  if (nonce !== null && token?.kind === 'dpop') token.signer.rememberNonce(url, nonce)
  return response
}

/** What can be sent again is kept in memory; a stream never is. */
async function outgoingOf(request: Request, replayable: boolean): Promise<Outgoing> {
  const { url, method, headers } = request
  if (!request.body) return { url, method, headers, body: null }
  const body = replayable ? new Uint8Array(await request.arrayBuffer()) : request.body
  return { url, method, headers, body }
}

function isReplayable(input: string | URL | Request, init: RequestInit | undefined): boolean {
  const body = init?.body
  if (body === undefined || body === null) {
    return !(input instanceof Request) || input.body === null
  }
  return !(body instanceof ReadableStream) && !(Symbol.asyncIterator in Object(body))
}

/** Node's own addition to the options of `fetch`: a proxy, a certificate. */
function dispatcherOf(init: RequestInit | undefined): RequestInit {
  return init && 'dispatcher' in init ? ({ dispatcher: init.dispatcher } as RequestInit) : {}
}

/** The work goes on for whoever else waits for it. */
async function unlessAborted<T>(work: MaybePromise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  if (!(work instanceof Promise)) return work
  work.catch(() => undefined)
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
