import { forwardedChain } from '../http/forwarded.ts'
import { requestId } from '../http/request-id.ts'
import { isTraceparent } from '../http/trace-context.ts'
import type { MaybePromise } from '../store/key-value.ts'
import type { TokenResult } from '../tokens/token-result.ts'
import type { CallServices } from './call-services.ts'
import { type Caller, cookiesToApi } from './caller.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import type { RequestHead } from './request-headers.ts'
import type { AnswerHeaders } from './response-headers.ts'

/** The id of a request: the caller's if it is sane, else a new one. */
export function idOf(head: RequestHead, { randomId }: Pick<CallServices, 'randomId'>): string {
  return head.requestId === undefined ? randomId() : requestId(head.requestId)
}

/** What only the proxy may say about a request, put behind the headers that pass (P3). */
export function addOwnHeaders(
  head: RequestHead,
  remote: ReadyRemote,
  services: Pick<CallServices, 'trusts'>,
  call: {
    readonly peerAddress: string
    readonly requestId: string
    readonly caller: Caller
  },
): void {
  const { passed } = head
  // Empty where no address is known: inside Next, unless its platform says.
  const chain = forwardedChain(call.peerAddress, head.forwardedFor, services.trusts)
  if (chain.length > 0 && remote.settings.forwarded === 'all') {
    passed.push('x-forwarded-for', chain.join(', '))
  }
  passed.push('x-request-id', call.requestId)
  addTrace(head)
  const cookies = cookiesToApi(remote, call.caller)
  if (cookies !== undefined) passed.push('cookie', cookies)
  for (const part of remote.addedHeaders) passed.push(part)
}

/** W3C Trace Context section 3.3: the state belongs to its `traceparent`, and goes where that goes. */
function addTrace({ passed, traceparent, tracestate }: RequestHead): void {
  if (!isTraceparent(traceparent)) return
  passed.push('traceparent', traceparent)
  if (tracestate !== undefined) passed.push('tracestate', tracestate)
}

/** RFC 9449 section 8.2: the nonce that an answer brings is for the next proof. */
export function rememberNonce(
  token: TokenResult,
  remote: ReadyRemote,
  upstreamPath: string,
  headers: AnswerHeaders,
): void {
  const nonce = headers['dpop-nonce']
  if (token.kind === 'dpop' && typeof nonce === 'string') {
    token.signer.rememberNonce(remote.place.origin + upstreamPath, nonce)
  }
}

/** Puts the token behind everything else. Answers a promise where a proof has to be signed first. */
export function addToken(
  passed: string[],
  token: TokenResult,
  remote: ReadyRemote,
  request: { readonly method: string; readonly upstreamPath: string },
): MaybePromise<void> {
  if (token.kind === 'bearer') {
    passed.push('authorization', `Bearer ${token.token}`)
  } else if (token.kind === 'dpop') {
    const url = remote.place.origin + request.upstreamPath
    return token.signer.proof(request.method, url).then((proof) => {
      passed.push('authorization', `DPoP ${token.token}`, 'dpop', proof)
    })
  } else if (remote.addedAuthorization !== undefined) {
    passed.push('authorization', remote.addedAuthorization)
  }
  return undefined
}
