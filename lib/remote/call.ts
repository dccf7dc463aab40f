import type { Readable } from 'node:stream'
import type { ProblemCode } from '../http/problem.ts'
import { type MaybePromise, StoreUnavailableError } from '../store/key-value.ts'
import type { TokenResult } from '../tokens/token-result.ts'
import type { Place } from './admission.ts'
import { Answer } from './answer.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import { clientOf, type LoggedCall, logAbort } from './call-log.ts'
import type { CallServices } from './call-services.ts'
import { type Caller, cookiesToBrowser, findCaller, nobody } from './caller.ts'
import type { AnswerSink, RemoteExchange } from './exchange.ts'
import { refusalOf } from './gate.ts'
import type { RouteMatch } from './match-route.ts'
import { addOwnHeaders, addToken, idOf, rememberNonce } from './own-headers.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import { BodyError, dropRest, ignore, PassingBody, takeBody } from './request-body.ts'
import type { RequestHead } from './request-headers.ts'
import { upstreamPath } from './request-path.ts'
import type { AnswerHeaders } from './response-headers.ts'
import { Retries } from './retry.ts'
import { isEventStream } from './streaming-types.ts'
import { optionsOf, tokenProblem } from './token-problem.ts'
import { mayRepeat, problemOfFailure } from './upstream-failure.ts'

/**
 * One call of a remote API from its head to the last byte of its answer, in this order: method, CSRF
 * rule, path, session, token, body, upstream. Where session and token are at hand nothing is awaited.
 */
export class Call implements AttemptOwner {
  readonly sink: AnswerSink
  readonly idleTimeoutMs: number
  readonly requestId: string
  readonly method: string
  readonly peerAddress: string
  upstreamPath = ''
  caller = nobody

  readonly #services: CallServices
  readonly #remote: ReadyRemote
  readonly #source: Readable | null
  readonly #head: RequestHead
  readonly #answer: Answer
  #token: TokenResult = { kind: 'none' }
  #body: Buffer | PassingBody | null = null
  #attempt: Attempt | undefined
  #retries: Retries | undefined
  /** Length of the header list without the token's. */
  #plainHeaders = 0
  #place: Place | undefined
  #isOver = false

  constructor(services: CallServices, remote: ReadyRemote, exchange: RemoteExchange) {
    this.#services = services
    this.#remote = remote
    this.#head = remote.readHeaders(exchange.rawHeaders)
    this.#source = this.#head.hasBody ? exchange.body : null
    this.sink = exchange.sink
    this.method = exchange.method
    this.peerAddress = exchange.peerAddress
    this.idleTimeoutMs = remote.settings.idleTimeoutMs
    this.requestId = idOf(this.#head, services)
    this.#answer = new Answer(this.sink, services.log, this)
    this.sink.on('close', () => this.#onClose())
    this.sink.on('error', ignore)
  }

  /** Checks what can be checked without asking anybody, then goes for the session. */
  start(match: RouteMatch) {
    const { csrf, cors } = this.#services
    const head = this.#head
    if (this.#answer.isPreflight(cors, this.method, head, this.#remote.allow)) return
    const refusal = refusalOf({ method: this.method, head, match }, this.#remote, csrf)
    if (refusal) return this.fail(refusal)
    this.upstreamPath = upstreamPath(this.#remote.place, match)
    this.#answer.upstreamPath = this.upstreamPath
    const found = findCaller(this.#services, this.#remote, head.cookie, this)
    this.#when(found, (caller) => this.#onCaller(caller))
  }

  /** Answers with a problem, unless something was answered already. */
  fail(code: ProblemCode, options = optionsOf(code, this.#services.basePath)): void {
    if (this.#isOver) return
    const { allow } = this.#remote
    this.#answer.fail(code, code === 'method_not_allowed' ? { headers: { allow } } : options)
  }

  /** The last resort: an exception that nobody expected, or a store that does not answer. */
  crash(cause: unknown) {
    if (cause instanceof StoreUnavailableError) return this.fail('store_unavailable', { cause })
    this.#services.log.event('unexpected.error', { where: this.#remote.place.publicPrefix, cause })
    this.#attempt?.abort('crashed')
    if (this.#answer.isSettled) this.sink.destroy()
    else this.fail('internal_error', { cause })
  }

  onHead(attempt: Attempt, status: number, headers: AnswerHeaders): void {
    this.#remote.upstream.answered()
    rememberNonce(this.#token, this.#remote, this.upstreamPath, headers)
    if (status !== 401) return void this.#pass(attempt, status, headers)
    try {
      this.#on401(attempt, headers)
    } catch (error) {
      this.#reject(attempt, error)
    }
  }

  onFailure(error: Error, answering: boolean) {
    if (this.#isOver || this.#answer.isSettled) return
    if (!(this.#body instanceof PassingBody) && !answering && mayRepeat(this.method, error)) {
      this.#retries ??= new Retries()
      if (this.#retries.afterLostConnection()) return this.#dispatch()
    }
    if (error instanceof BodyError && error.code === 'body_aborted') return
    this.fail(problemOfFailure(error, answering), { cause: error })
  }

  onBreak(cause: unknown): void {
    this.#answer.breakOff('upstream', cause)
  }

  get sessionCookie(): string | undefined {
    return this.caller.session && this.#head.cookie
  }

  /** Breaks off an answer that is being passed on. */
  cut(): void {
    this.#attempt?.abort('the stream was ended')
    this.#answer.breakOff('server')
  }

  onPassed(): void {
    this.#answer.isSettled = true
  }

  #onCaller(caller: Caller): void {
    this.caller = caller
    this.#answer.setCookie = caller.setCookie
    const chosen = this.#remote.chooseToken(caller.session, this, undefined)
    this.#when(chosen, (token) => this.#onToken(token))
  }

  #onToken(token: TokenResult) {
    const { settings } = this.#remote
    const problem = tokenProblem(token, settings, this.caller.session, this.#services.log)
    if (problem) return this.fail(problem)
    this.#token = token
    const { bodyLength } = this.#head
    const limit = settings.maxBodyBytes ?? Number.POSITIVE_INFINITY
    if (this.#source && Number.isFinite(bodyLength) && bodyLength > limit) {
      return this.fail('body_too_large')
    }
    addOwnHeaders(this.#head, this.#remote, this.#services, this)
    this.#plainHeaders = this.#head.passed.length
    if (!this.#source) return this.#dispatch()
    if (this.#head.expect !== undefined) this.sink.writeContinue()
    const { idleTimeoutMs: idleMs } = this
    takeBody(this.#source, { bytes: bodyLength, maxBytes: limit, idleMs }, this, this.#services)
  }

  /** Counts the call, from where it costs something. */
  onBegun(): boolean {
    if (this.#isOver) return false
    const { forwardedFor } = this.#head
    const { peerAddress, caller } = this
    const from = { peerAddress, forwardedFor, sessionKey: caller.session?.key }
    const place = this.#place ?? this.#services.admit(from)
    if (typeof place === 'string') this.fail(place)
    else this.#place = place
    return this.#place !== undefined
  }

  onBody(body: Buffer | PassingBody | BodyError) {
    if (this.#isOver) return
    if (body instanceof BodyError) return this.fail(problemOfFailure(body, false))
    this.#body = body
    try {
      this.#dispatch()
    } catch (cause) {
      this.crash(cause)
    }
  }

  /** Sends the request, for the first time or again. */
  #dispatch() {
    if (!this.#attempt) {
      if (!this.onBegun()) return
      const refusal = this.#place?.enter(this.#remote.upstream)
      if (refusal) return this.fail(refusal)
    }
    const { passed } = this.#head
    passed.length = this.#plainHeaders
    const proving = addToken(passed, this.#token, this.#remote, this)
    if (proving) this.#when(proving, () => this.#send())
    else this.#send()
  }

  #send(): void {
    const { passed: headers, contentLength } = this.#head
    const { method, upstreamPath: path } = this
    const body = this.#body
    if (body instanceof PassingBody && contentLength !== undefined) {
      headers.push('content-length', contentLength)
    }
    this.#attempt = new Attempt(this, this.#remote.upstream)
    // Not blocking: no request ever waits behind another on one connection.
    this.#attempt.send({ method, path, headers, body, blocking: false })
  }

  #pass(attempt: Attempt, status: number, headers: AnswerHeaders): void {
    if (!this.#remote.cookies) return void this.#passOn(attempt, status, headers)
    const told = cookiesToBrowser(this.#services, this.#remote, headers, this)
    if (told instanceof Promise) attempt.hold()
    this.#when(told, (apiCookies) => {
      this.#answer.apiCookies = apiCookies
      this.#passOn(attempt, status, headers)
    })
  }

  #passOn(attempt: Attempt, status: number, headers: AnswerHeaders): void {
    try {
      this.#answer.begin(status, this.#remote.answerHeaders(status, headers, this.#answer))
      if (isEventStream(headers['content-type'])) this.#services.onEventStream(this)
      attempt.pass(headers['content-length'] as string | undefined)
    } catch (error) {
      this.#reject(attempt, error)
    }
  }

  /** An answer that cannot be passed on is 502; what was begun already breaks (P15). */
  #reject(attempt: Attempt, cause: unknown): void {
    attempt.abort('the answer cannot be passed on')
    const error = cause instanceof Error ? cause : new Error(String(cause))
    this.fail(problemOfFailure(error, true), { cause })
  }

  #on401(attempt: Attempt, headers: AnswerHeaders): void {
    this.#retries ??= new Retries()
    const after = this.#retries.after401(headers, {
      token: this.#token,
      isUsers: this.caller.session !== undefined,
      isReplayable: !(this.#body instanceof PassingBody),
      basePath: this.#services.basePath,
    })
    switch (after.do) {
      case 'pass':
        this.#pass(attempt, 401, headers)
        break
      case 'repeat':
        attempt.discard()
        this.#dispatch()
        break
      case 'renew':
        attempt.hold()
        this.#renewToken(attempt, headers)
        break
      case 'step-up':
        attempt.discard()
        this.fail('step_up_required', { members: { loginUrl: after.loginUrl } })
    }
  }

  /** The answer is held meanwhile, and passes if there is no other token. */
  #renewToken(attempt: Attempt, headers: AnswerHeaders): void {
    const rejected = 'token' in this.#token ? this.#token.token : undefined
    const onRenewed = (token: TokenResult) => {
      if ('token' in token && token.token === rejected) return this.#pass(attempt, 401, headers)
      attempt.discard()
      const { settings } = this.#remote
      const problem = tokenProblem(token, settings, this.caller.session, this.#services.log)
      if (problem) return this.fail(problem)
      this.#token = token
      this.#dispatch()
    }
    this.#when(this.#remote.chooseToken(this.caller.session, this, rejected), onRenewed)
  }

  #onClose(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#place?.leave()
    if (!this.#answer.isSettled) logAbort(this.#services.log, this.logged, 'client')
    this.#attempt?.abort('the client went away')
    if (this.#body instanceof PassingBody) this.#body.destroy()
    if (this.#source) dropRest(this.#source)
    this.#services.onOver()
  }

  /** Goes on at once, or when a promise has been kept, unless the client has gone away meanwhile. */
  #when<T>(found: MaybePromise<T>, next: (value: T) => void): void {
    if (found instanceof Promise) {
      found.then((value) => this.#isOver || next(value)).catch((cause) => this.crash(cause))
    } else next(found)
  }

  get logged(): LoggedCall {
    const client = clientOf(this, this.#head, this.#services)
    return { requestId: this.requestId, remote: this.#remote.settings.name, client }
  }
}
