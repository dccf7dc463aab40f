import type { RemoteSettings } from '../config/remote.ts'
import { passesCsrf } from '../http/csrf.ts'
import { clientAddress, type ForwardedTrust } from '../http/forwarded.ts'
import { knownMethod } from '../http/known-method.ts'
import type { ProblemCode } from '../http/problem.ts'
import { isTraceparent } from '../http/trace-context.ts'
import type { Session } from '../session/session.ts'
import { type MaybePromise, whenKnown } from '../store/key-value.ts'
import type { Requester } from '../telemetry/done-requests.ts'
import type { Log } from '../telemetry/log.ts'
import type { ServedSpan, Tracing } from '../telemetry/tracing.ts'
import type { TokenResult } from '../tokens/token-result.ts'
import type { LoggedCall } from './answer.ts'
import type { CallServices } from './call-services.ts'
import { findCaller, nobody } from './caller.ts'
import type { CallFacts } from './choose-token.ts'
import type { RouteMatch } from './match-route.ts'
import { addOwnHeaders, addToken, idOf, rememberNonce } from './own-headers.ts'
import type { Place } from './places.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import type { PeerRequest } from './remote-request.ts'
import type { RequestHead } from './request-headers.ts'
import { isSafePath, isSafeQuery, upstreamPath } from './request-path.ts'
import type { AnswerHeaders } from './response-headers.ts'
import { type After401, Retries } from './retry.ts'

/**
 * How one request gets to its API, a call as well as a WebSocket: what may be asked, who asks, with which
 * token, and what is tried after a 401. Each step answers at once where nothing has to be fetched.
 */
export class Admission implements CallFacts, Requester {
  readonly head: RequestHead
  readonly method: string
  readonly requestId: string
  readonly peerAddress: string
  upstreamPath = ''
  caller = nobody
  /** Where somebody traces. */
  readonly span: ServedSpan | undefined
  readonly #services: CallServices
  readonly #remote: ReadyRemote
  #token: TokenResult = { kind: 'none' }
  #retries: Retries | undefined
  /** Length of the header list without the token's. */
  #plainHeaders = 0

  constructor(services: CallServices, remote: ReadyRemote, request: PeerRequest) {
    this.#services = services
    this.#remote = remote
    this.head = remote.readHeaders(request.rawHeaders)
    this.method = request.method
    this.requestId = idOf(this.head, services)
    this.peerAddress = request.peerAddress
    if (services.tracing?.isOn) this.span = beginSpan(services.tracing, this, remote)
  }

  /** Why it is refused before anybody is asked anything. Else it has its path at the API. */
  begin(match: RouteMatch, refusalOf: RefusalOf): ProblemCode | undefined {
    const refusal = refusalOf(this, this.#remote, this.#services) ?? refusalOfPath(match)
    if (refusal === undefined) this.upstreamPath = upstreamPath(this.#remote.place, match)
    return refusal
  }

  findCaller(): MaybePromise<void> {
    const found = findCaller(this.#services, this.#remote, this.head.cookie, this)
    return whenKnown(found, (caller) => {
      this.caller = caller
    })
  }

  /** Answers why the request may not go on; undefined when it has its token, or needs none. */
  findToken(): MaybePromise<ProblemCode | undefined> {
    const { session } = this.caller
    const chosen = this.#remote.chooseToken(session, this, undefined)
    return whenKnown(chosen, (token) => this.#take(token))
  }

  /** Another token for the one that the API refused; `same` when there is no other. */
  renewToken(): MaybePromise<ProblemCode | 'same' | undefined> {
    const rejected = 'token' in this.#token ? this.#token.token : undefined
    const chosen = this.#remote.chooseToken(this.caller.session, this, rejected)
    return whenKnown(chosen, (token) =>
      'token' in token && token.token === rejected ? 'same' : this.#take(token),
    )
  }

  addOwnHeaders(): void {
    addOwnHeaders(this.head, this.#remote, this.#services, this)
    this.#plainHeaders = this.head.passed.length
  }

  /** Puts the token behind our own headers, in place of one from before. */
  addToken(): MaybePromise<void> {
    const { passed } = this.head
    passed.length = this.#plainHeaders
    return addToken(passed, this.#token, this.#remote, this)
  }

  takePlace(): Place | ProblemCode {
    const { peerAddress, caller, head } = this
    const { forwardedFor } = head
    return this.#services.takePlace({ peerAddress, forwardedFor, sessionKey: caller.session?.key })
  }

  rememberNonce(headers: AnswerHeaders): void {
    rememberNonce(this.#token, this.#remote, this.upstreamPath, headers)
  }

  after401(headers: AnswerHeaders, isReplayable: boolean): After401 {
    return this.retries.after401(headers, {
      token: this.#token,
      isUsers: this.caller.session !== undefined,
      isReplayable,
      basePath: this.#services.basePath,
    })
  }

  get retries(): Retries {
    this.#retries ??= new Retries()
    return this.#retries
  }

  get client(): string | undefined {
    return clientOf(this, this.head, this.#services)
  }

  get forwardedFor(): string | undefined {
    return this.head.forwardedFor
  }

  get userAgent(): string | undefined {
    return this.head.userAgent
  }

  get sessionHandle(): string | undefined {
    return this.caller.session?.record.handle
  }

  /** The cookie that led to its session; undefined when it has none. */
  get sessionCookie(): string | undefined {
    return this.caller.session && this.head.cookie
  }

  get logged(): LoggedCall {
    const { client } = this
    const { name: remote, path: route } = this.#remote.settings
    return { requestId: this.requestId, remote, route, client }
  }

  #take(token: TokenResult): ProblemCode | undefined {
    const { log } = this.#services
    const problem = tokenProblem(token, this.#remote.settings, this.caller.session, log)
    if (problem === undefined) this.#token = token
    return problem
  }
}

/** The API is sent the trace of its own span, in place of the caller's. */
function beginSpan(
  tracing: Tracing,
  { head, method }: Pick<Admission, 'head' | 'method'>,
  { settings, place }: ReadyRemote,
): ServedSpan {
  const { traceparent, tracestate } = head
  const span = tracing.serve({
    ...{ name: `${knownMethod(method)} ${settings.name}`, method: knownMethod(method) },
    ...{ route: settings.path, remote: settings.name },
    parent: isTraceparent(traceparent) ? { traceparent, tracestate } : undefined,
  })
  const sent = span.outgoing(knownMethod(method), place.origin)
  head.traceparent = sent.traceparent
  head.tracestate = sent.tracestate
  return span
}

type RefusalOf = (
  request: { readonly method: string; readonly head: RequestHead },
  remote: ReadyRemote,
  services: Pick<CallServices, 'csrf' | 'cors'>,
) => ProblemCode | undefined

// Fetch standard, section 2.2.5: the destinations that run what they get. To the app's policy an upload that
// the API serves would be one of its own scripts (P28).
const runs = new Set([
  ...['script', 'worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet', 'xslt'],
])

/** What is wrong with a call's method or origin, or with what its answer is for. */
export const refusalOfCall: RefusalOf = ({ method, head }, remote, { csrf }) => {
  if (!remote.allows(method)) return 'method_not_allowed'
  if (!passesCsrf(head, csrf)) return 'csrf_check_failed'
  const { fetchDest } = head
  if (fetchDest !== undefined && runs.has(fetchDest) && !remote.settings.scripts) {
    return 'script_refused'
  }
  return undefined
}

/** What is wrong with a request for a WebSocket. */
export const refusalOfUpgrade: RefusalOf = ({ method, head }, remote, { csrf, cors }) => {
  if (!remote.settings.websocket) return 'not_found'
  if (method !== 'GET' || head.upgrade?.toLowerCase() !== 'websocket') return 'bad_request'
  // Cookies go along with every handshake, from any page, and no preflight asks before.
  const { origin } = head
  const isOurs = origin === csrf.publicOrigin || cors.listed(origin) !== undefined
  if (!isOurs) return 'csrf_check_failed'
  return undefined
}

function refusalOfPath({ path, query }: RouteMatch): ProblemCode | undefined {
  return isSafePath(path) && isSafeQuery(query) ? undefined : 'bad_path'
}

/** Why a request may not go on with this token; undefined when it may. */
function tokenProblem(
  token: TokenResult,
  remote: Pick<RemoteSettings, 'name' | 'token' | 'dpop'>,
  session: Session | undefined,
  log: Log,
): ProblemCode | undefined {
  if (token.kind === 'failed') return token.code
  if (token.kind === 'none') {
    // Nobody who is signed in goes on as a stranger, and no machine without its token.
    const isMeant = remote.token === 'none' || typeof remote.token === 'function'
    const isStranger = remote.token === 'user-or-none' && !session
    return isMeant || isStranger ? undefined : 'token_unavailable'
  }
  // RFC 9449: a bound token is never replaced by a Bearer token behind the API's back.
  if (token.kind === 'bearer' && remote.dpop) {
    // A session from before `oidc.dpop` was switched on has no key to bind to. One sign-in heals it.
    if (session && session.record.dpopKey === undefined) return 'session_expired'
    log.event('misconfiguration', {
      what: `remote ${remote.name} wants DPoP and the token is a Bearer token`,
      fix: 'set oidc.dpop (or dpop of the machine client), if the provider supports it',
    })
    return 'provider_misconfigured'
  }
  return undefined
}

/** The client behind a request: told with what is refused (A5). */
export function clientOf(
  request: { readonly peerAddress: string },
  head: { readonly forwardedFor: string | undefined },
  services: { readonly trusts: ForwardedTrust },
): string | undefined {
  return clientAddress(request.peerAddress, head.forwardedFor, services.trusts) || undefined
}
