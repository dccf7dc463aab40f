import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { type CsrfRule, passesCsrf } from '../http/csrf.ts'
import { type ForwardedTrust, plainAddress } from '../http/forwarded.ts'
import { type ProblemCode, problemParts, problems } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import type { Session } from '../session/session.ts'
import { type MaybePromise, StoreUnavailableError } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import type { TokenResult } from '../tokens/token-result.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import { asksForNonce, parseChallenges, stepUpLoginUrl } from './challenge.ts'
import type { Cors } from './cors.ts'
import type { AnswerSink, RemoteExchange } from './exchange.ts'
import type { RouteMatch } from './match-route.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import { BodyError, dropRest, PassingBody, readSmallBody, replayableBytes } from './request-body.ts'
import type { RequestHead } from './request-headers.ts'
import { isSafePath, isSafeQuery } from './request-path.ts'
import type { AnswerContext } from './response-headers.ts'
import type { Tracing } from './trace.ts'
import { mayRepeat, problemOfFailure } from './upstream-failure.ts'

/** The session of a request, as the proxy asks for it. */
export type ReadSession = (
  cookieHeader: string | undefined,
  mode: 'use' | 'peek',
) => MaybePromise<
  | { readonly kind: 'none' }
  | { readonly kind: 'session'; readonly session: Session; readonly setCookie?: string }
>

/** What all calls share. */
export interface CallServices {
  readonly readSession: ReadSession
  readonly csrf: CsrfRule
  readonly cors: Cors
  readonly basePath: string
  readonly tracing: Tracing
  readonly trusts: ForwardedTrust
  readonly log: Log
  onOver(): void
}

const noHeaders: readonly string[] = []

/**
 * One call of a remote API from its head to the last byte of its answer, in this order: method, CSRF
 * rule, path, session, token, body, upstream. Where session and token are at hand nothing is awaited.
 */
export class Call implements AttemptOwner, AnswerContext {
  readonly sink: AnswerSink
  readonly idleTimeoutMs: number
  readonly requestId: string
  corsHeaders = noHeaders
  setCookie: string | undefined
  upstreamPath = ''

  readonly #services: CallServices
  readonly #remote: ReadyRemote
  readonly #exchange: RemoteExchange
  readonly #head: RequestHead
  #session: Session | undefined
  #token: TokenResult = { kind: 'none' }
  #body: Buffer | PassingBody | null = null
  #attempt: Attempt | undefined
  /** Length of the header list without the token's. */
  #plainHeaders = 0
  #admitted = false
  #answered = false
  #over = false
  #repeated = false
  #renewed = false
  #nonceRetried = false

  constructor(services: CallServices, remote: ReadyRemote, exchange: RemoteExchange) {
    this.#services = services
    this.#remote = remote
    this.#exchange = exchange
    this.#head = remote.readHeaders(exchange.rawHeaders)
    this.sink = exchange.sink
    this.idleTimeoutMs = remote.settings.idleTimeoutMs
    this.requestId = requestId(this.#head.requestId)
    this.sink.on('close', () => this.#onClose())
    this.sink.on('error', ignore)
  }

  /** Checks what can be checked without asking anybody, then goes for the session. */
  start(match: RouteMatch) {
    const { csrf, cors, readSession } = this.#services
    const { method } = this.#exchange
    const head = this.#head
    const listed = cors.listed(head.origin)
    if (listed !== undefined) {
      this.corsHeaders = cors.answerHeaders(listed)
      if (method === 'OPTIONS' && head.preflightMethod !== undefined) {
        return this.#answerPreflight(listed)
      }
    }
    if (!this.#remote.allows(method)) {
      return this.fail('method_not_allowed', { headers: { allow: this.#remote.allow } })
    }
    if (!passesCsrf(head, csrf)) return this.fail('csrf_check_failed')
    if (!isSafePath(match.path) || !isSafeQuery(match.query)) return this.fail('bad_path')
    const path = this.#remote.place.prefix + match.path
    this.upstreamPath = (path === '' ? '/' : path) + match.query
    if (!this.#remote.needsSession) return this.#chooseToken(undefined)
    const read = readSession(head.cookie, 'use')
    if (read instanceof Promise) this.#when(read, (found) => this.#onSession(found))
    else this.#onSession(read)
  }

  /** Answers with a problem. Nothing may have been answered yet. */
  fail(
    code: ProblemCode,
    options: {
      cause?: unknown
      headers?: Record<string, string>
      members?: Record<string, string>
    } = {},
  ): void {
    if (this.#over || this.#answered) return
    this.#answered = true
    this.#logFailure(code, options.cause)
    const { status, headers, body } = problemParts(code, {
      requestId: this.requestId,
      ...(options.headers ? { headers: options.headers } : {}),
      ...(options.members ? { members: options.members } : {}),
    })
    const flat = Object.entries(headers).flat()
    flat.push('content-length', String(Buffer.byteLength(body)))
    if (this.setCookie !== undefined) flat.push('set-cookie', this.setCookie)
    this.sink.writeHead(status, [...flat, ...this.corsHeaders])
    this.sink.end(body)
  }

  /** The last resort: an exception that nobody expected, or a store that does not answer. */
  crash(cause: unknown) {
    if (cause instanceof StoreUnavailableError) return this.fail('store_unavailable', { cause })
    this.#services.log.event('unexpected.error', { where: this.#route, cause })
    this.#attempt?.abort(new Error('crashed'))
    if (this.#answered) this.sink.destroy()
    else this.fail('internal_error', { cause })
  }

  onHead(attempt: Attempt, status: number, headers: IncomingHttpHeaders): void {
    this.#remote.upstream.answered()
    if (this.#token.kind === 'dpop') this.#rememberNonce(headers)
    if (status === 401 && this.#token.kind !== 'none') this.#onUnauthorized(attempt, headers)
    else this.#pass(attempt, status, headers)
  }

  onFailure(_attempt: Attempt, error: Error, answering: boolean) {
    if (this.#over || this.#answered) return
    const repeatable = !this.#repeated && !answering && this.#isReplayable
    if (repeatable && mayRepeat(this.#exchange.method, error)) {
      this.#repeated = true
      return this.#dispatch()
    }
    if (error instanceof BodyError && error.code === 'body_aborted') return
    this.fail(problemOfFailure(error, answering), { cause: error })
  }

  onBreak(cause: Error): void {
    const { requestId: id } = this
    const remote = this.#remote.settings.name
    this.#services.log.event('remote.aborted', { requestId: id, remote, by: 'upstream', cause })
    this.#answered = true
    this.sink.destroy()
  }

  onPassed(): void {
    this.#answered = true
  }

  #onSession(found: Awaited<ReturnType<ReadSession>>) {
    if (found.kind === 'none') return this.#chooseToken(undefined)
    this.setCookie = found.setCookie
    this.#session = found.session
    this.#chooseToken(found.session)
  }

  #chooseToken(session: Session | undefined): void {
    const chosen = this.#remote.chooseToken(session, this.#facts, undefined)
    if (chosen instanceof Promise) this.#when(chosen, (token) => this.#onToken(token))
    else this.#onToken(chosen)
  }

  #onToken(token: TokenResult) {
    const problem = this.#problemOf(token)
    if (problem) return this.fail(problem)
    this.#token = token
    const { maxBodyBytes } = this.#remote.settings
    const { hasBody, contentLength } = this.#head
    const bytes = contentLength === undefined ? Number.POSITIVE_INFINITY : Number(contentLength)
    if (hasBody && contentLength !== undefined && bytes > (maxBodyBytes ?? bytes)) {
      return this.fail('body_too_large')
    }
    if (!this.#remote.upstream.admits()) return this.fail('upstream_circuit_open')
    this.#admitted = true
    this.#addHeaders()
    const source = this.#exchange.body
    if (!hasBody || source === null) return this.#dispatch()
    this.#takeBody(source, bytes)
  }

  #takeBody(source: Readable, bytes: number) {
    if (this.#head.expect !== undefined) this.sink.writeContinue()
    if (bytes <= replayableBytes) {
      return readSmallBody(source, bytes, this.idleTimeoutMs, (body) => {
        if (this.#over) return
        if (body instanceof BodyError) return this.fail(problemOfFailure(body, false))
        this.#body = body
        this.#dispatch()
      })
    }
    this.#body = new PassingBody(source, {
      maxBytes: this.#remote.settings.maxBodyBytes ?? Number.POSITIVE_INFINITY,
      idleMs: this.idleTimeoutMs,
    })
    this.#dispatch()
  }

  /** Ours, behind those that pass; the token's come last, at each dispatch. */
  #addHeaders(): void {
    const { tracing, trusts } = this.#services
    const { peerAddress } = this.#exchange
    const head = this.#head
    const { passed } = head
    const before = trusts(peerAddress) ? head.forwardedFor : undefined
    const chain = forwardedFor(before, plainAddress(peerAddress))
    const traceparent = tracing.traceparent(head.traceparent)
    if (chain !== '') passed.push('x-forwarded-for', chain)
    passed.push('x-request-id', this.requestId, 'traceparent', traceparent)
    if (head.tracestate !== undefined && traceparent === head.traceparent) {
      passed.push('tracestate', head.tracestate)
    }
    for (const part of this.#remote.addedHeaders) passed.push(part)
    this.#plainHeaders = passed.length
  }

  /** Sends the request, for the first time or again. */
  #dispatch() {
    const { passed } = this.#head
    const token = this.#token
    passed.length = this.#plainHeaders
    if (token.kind === 'bearer') passed.push('authorization', `Bearer ${token.token}`)
    else if (token.kind === 'dpop') {
      const proof = token.signer.proof(this.#exchange.method, this.#targetUrl)
      return this.#when(proof, (dpop) => {
        passed.push('authorization', `DPoP ${token.token}`, 'dpop', dpop)
        this.#send()
      })
    } else if (this.#remote.addedAuthorization !== undefined) {
      passed.push('authorization', this.#remote.addedAuthorization)
    }
    this.#send()
  }

  #send(): void {
    const { passed, contentLength } = this.#head
    const body = this.#body
    if (body instanceof PassingBody && contentLength !== undefined) {
      passed.push('content-length', contentLength)
    }
    const attempt = new Attempt(this)
    this.#attempt = attempt
    this.#remote.upstream.dispatch(
      {
        method: this.#exchange.method,
        path: this.upstreamPath,
        headers: passed,
        body,
        // It would keep later requests off the connection, where there are none anyway.
        blocking: false,
      },
      attempt,
    )
  }

  #pass(attempt: Attempt, status: number, headers: IncomingHttpHeaders): void {
    // A broken head throws here, before anything was sent; undici tells `onFailure`.
    this.sink.writeHead(status, this.#remote.answerHeaders(status, headers, this))
    attempt.pass(headers['content-length'])
  }

  #onUnauthorized(attempt: Attempt, headers: IncomingHttpHeaders) {
    const challenges = parseChallenges(headers['www-authenticate'])
    const loginUrl = this.#session && stepUpLoginUrl(challenges, this.#services.basePath)
    if (loginUrl !== undefined) {
      attempt.discard()
      return this.fail('step_up_required', { members: { loginUrl } })
    }
    if (!this.#isReplayable) return this.#pass(attempt, 401, headers)
    // RFC 9449 section 9: use_dpop_nonce is an instruction, not a failure. Retry once, never twice.
    if (this.#token.kind === 'dpop' && !this.#nonceRetried && asksForNonce(challenges)) {
      this.#nonceRetried = true
      attempt.discard()
      return this.#dispatch()
    }
    if (this.#renewed) return this.#pass(attempt, 401, headers)
    this.#renewed = true
    attempt.hold()
    this.#renewToken(attempt, headers)
  }

  /** One forced refresh, one retry (T12). The answer is held meanwhile, and passes if there is no other token. */
  #renewToken(attempt: Attempt, headers: IncomingHttpHeaders): void {
    const rejected = 'token' in this.#token ? this.#token.token : undefined
    const onRenewed = (token: TokenResult) => {
      if ('token' in token && token.token === rejected) return this.#pass(attempt, 401, headers)
      attempt.discard()
      const problem = this.#problemOf(token)
      if (problem) return this.fail(problem)
      this.#token = token
      this.#dispatch()
    }
    const chosen = this.#remote.chooseToken(this.#session, this.#facts, rejected)
    if (chosen instanceof Promise) this.#when(chosen, onRenewed)
    else onRenewed(chosen)
  }

  #problemOf(token: TokenResult): ProblemCode | undefined {
    if (token.kind === 'failed') return token.code
    if (token.kind === 'none') {
      const { token: kind } = this.#remote.settings
      // Nobody who is signed in goes on as a stranger.
      const isMeant = kind === 'none' || typeof kind === 'function'
      return isMeant || (kind === 'user-or-none' && !this.#session)
        ? undefined
        : 'token_unavailable'
    }
    if (token.kind === 'bearer' && this.#remote.settings.dpop) {
      this.#services.log.event('misconfiguration', {
        what: `remote ${this.#remote.settings.name} wants DPoP and the token is a Bearer token`,
        fix: 'set oidc.dpop (or dpop of the machine client), and check that the provider supports it',
      })
      return 'provider_misconfigured'
    }
    return undefined
  }

  #answerPreflight(origin: string): void {
    this.#answered = true
    const { allow } = this.#remote
    const { preflightHeaders: requested } = this.#head
    this.sink.writeHead(204, this.#services.cors.preflightHeaders(origin, allow, requested))
    this.sink.end()
  }

  #rememberNonce(headers: IncomingHttpHeaders): void {
    const nonce = headers['dpop-nonce']
    if (this.#token.kind === 'dpop' && typeof nonce === 'string') {
      this.#token.signer.rememberNonce(this.#targetUrl, nonce)
    }
  }

  #onClose(): void {
    if (this.#over) return
    this.#over = true
    if (this.#admitted) this.#remote.upstream.released()
    if (!this.#answered) {
      const { requestId: id } = this
      const remote = this.#remote.settings.name
      this.#services.log.event('remote.aborted', { requestId: id, remote, by: 'client' })
      this.#attempt?.abort(new Error('the client went away'))
    }
    if (this.#body instanceof PassingBody) this.#body.destroy()
    if (this.#head.hasBody && this.#exchange.body) dropRest(this.#exchange.body)
    this.#services.onOver()
  }

  #logFailure(code: ProblemCode, cause: unknown): void {
    const { log } = this.#services
    const fields = { requestId: this.requestId, code }
    if (problems[code][0] < 500) log.event('request.refused', { ...fields, route: this.#route })
    else log.event('remote.failed', { ...fields, remote: this.#remote.settings.name, cause })
  }

  /** Goes on when a promise has been kept, unless the client has gone away meanwhile. */
  #when<T>(promise: Promise<T>, next: (value: T) => void): void {
    promise
      .then((value) => {
        if (!this.#over) next(value)
      })
      .catch((cause: unknown) => this.crash(cause))
  }

  get #facts() {
    return { method: this.#exchange.method, path: this.upstreamPath }
  }

  get #isReplayable(): boolean {
    return !(this.#body instanceof PassingBody)
  }

  get #route(): string {
    return this.#remote.place.publicPrefix
  }

  get #targetUrl(): string {
    return this.#remote.place.origin + this.upstreamPath
  }
}

/** Empty where no address is known: inside Next, unless its platform says. */
function forwardedFor(before: string | undefined, address: string): string {
  if (before === undefined) return address
  return address === '' ? before : `${before}, ${address}`
}

function ignore(): void {}
