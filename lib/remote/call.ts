import type { Readable } from 'node:stream'
import type { ProblemCode } from '../http/problem.ts'
import { type MaybePromise, StoreUnavailableError } from '../store/key-value.ts'
import { Admission, refusalOfCall } from './admission.ts'
import { Answer, logAbort, optionsOf } from './answer.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { CallServices } from './call-services.ts'
import { cookiesToBrowser } from './caller.ts'
import type { RouteMatch } from './match-route.ts'
import type { Place } from './places.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import type { AnswerSink, RemoteRequest } from './remote-request.ts'
import { BodyError, dropRest, ignore, PassingBody, takeBody } from './request-body.ts'
import type { AnswerHeaders } from './response-headers.ts'
import { isEventStream } from './streaming-types.ts'
import { mayRepeat, problemOfFailure } from './upstream-failure.ts'

/**
 * One call of a remote API from its head to the last byte of its answer, in this order: method, CSRF
 * rule, path, session, token, body, upstream. Where session and token are at hand nothing is awaited.
 */
export class Call implements AttemptOwner {
  readonly sink: AnswerSink
  readonly idleTimeoutMs: number
  readonly freesChunks: boolean

  readonly #services: CallServices
  readonly #remote: ReadyRemote
  readonly #source: Readable | null
  readonly #admission: Admission
  readonly #answer: Answer
  #body: Buffer | PassingBody | null = null
  #attempt: Attempt | undefined
  #place: Place | undefined
  #isOver = false
  readonly #startedAt = performance.now()

  constructor(services: CallServices, remote: ReadyRemote, request: RemoteRequest) {
    this.#services = services
    this.#remote = remote
    this.#admission = new Admission(services, remote, request)
    this.#source = this.#admission.head.hasBody ? request.body : null
    this.sink = request.sink
    // HTTP/2 reads the chunks of many answers into one piece of memory.
    this.freesChunks = request.chunks === 'ours' && !remote.settings.http2
    this.idleTimeoutMs = remote.settings.idleTimeoutMs
    this.#answer = new Answer(this.sink, services.log, this.#admission)
    this.sink.on('close', () => this.#onClose())
    this.sink.on('error', ignore)
  }

  begin(match: RouteMatch): void {
    const { span } = this.#admission
    if (span) span.run(() => this.start(match))
    else this.start(match)
  }

  /** Checks what can be checked without asking anybody, then goes for the session. */
  start(match: RouteMatch) {
    const { head, method } = this.#admission
    if (this.#answer.isPreflight(this.#services.cors, method, head, this.#remote.allow)) return
    const refusal = this.#admission.begin(match, refusalOfCall)
    if (refusal) return this.fail(refusal)
    this.#answer.upstreamPath = this.#admission.upstreamPath
    this.#when(this.#admission.findCaller(), () => this.#onCaller())
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
    this.#admission.rememberNonce(headers)
    if (status !== 401) return void this.#pass(attempt, status, headers)
    try {
      this.#on401(attempt, headers)
    } catch (error) {
      this.#reject(attempt, error)
    }
  }

  onFailure(error: Error, answering: boolean) {
    if (this.#isOver || this.#answer.isSettled) return
    const { method, retries } = this.#admission
    if (!(this.#body instanceof PassingBody) && !answering && mayRepeat(method, error)) {
      if (retries.afterLostConnection()) return this.#dispatch()
    }
    if (error instanceof BodyError && error.code === 'body_aborted') return
    this.fail(problemOfFailure(error, answering), { cause: error })
  }

  onBreak(cause: unknown): void {
    this.#answer.breakOff('upstream', cause)
  }

  get sessionCookie(): string | undefined {
    return this.#admission.sessionCookie
  }

  /** Breaks off an answer that is being passed on. */
  cut(): void {
    this.#attempt?.abort('the stream was ended')
    this.#answer.breakOff('server')
  }

  onPassed(): void {
    this.#answer.isSettled = true
  }

  #onCaller(): void {
    this.#answer.setCookie = this.#admission.caller.setCookie
    this.#when(this.#admission.findToken(), (problem) => this.#onToken(problem))
  }

  #onToken(problem: ProblemCode | undefined) {
    if (problem) return this.fail(problem)
    const { bodyLength, expect } = this.#admission.head
    const limit = this.#remote.settings.maxBodyBytes ?? Number.POSITIVE_INFINITY
    if (this.#source && Number.isFinite(bodyLength) && bodyLength > limit) {
      return this.fail('body_too_large')
    }
    this.#admission.addOwnHeaders()
    if (!this.#source) return this.#dispatch()
    if (expect !== undefined) this.sink.writeContinue()
    const { idleTimeoutMs: idleMs, freesChunks } = this
    const facts = { bytes: bodyLength, maxBytes: limit, idleMs, freesChunks }
    takeBody(this.#source, facts, this, this.#services)
  }

  /** Counts the call, from where it costs something. */
  onBegun(): boolean {
    if (this.#isOver) return false
    const place = this.#place ?? this.#admission.takePlace()
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
    this.#when(this.#admission.addToken(), () => this.#send())
  }

  #send(): void {
    const { method, upstreamPath: path, head } = this.#admission
    const { passed: headers, contentLength } = head
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
    const told = cookiesToBrowser(this.#services, this.#remote, headers, this.#admission)
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
    const after = this.#admission.after401(headers, !(this.#body instanceof PassingBody))
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
    this.#when(this.#admission.renewToken(), (problem) => {
      if (problem === 'same') return this.#pass(attempt, 401, headers)
      attempt.discard()
      if (problem) this.fail(problem)
      else this.#dispatch()
    })
  }

  #onClose(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#place?.leave()
    if (!this.#answer.isSettled) logAbort(this.#services.log, this.#admission.logged, 'client')
    this.#attempt?.abort('the client went away')
    if (this.#body instanceof PassingBody) this.#body.destroy()
    if (this.#source) dropRest(this.#source)
    const { requestId, method, span } = this.#admission
    const { settings, place } = this.#remote
    span?.end(this.#answer.status)
    this.#services.onOver({
      requestId,
      remote: settings.name,
      route: place.publicPrefix,
      method,
      status: this.#answer.status,
      startedAt: this.#startedAt,
      bytesIn: bytesOf(this.#body),
      bytesOut: this.#answer.bytesOut + (this.#attempt?.passedBytes ?? 0),
      who: this.#admission,
    })
  }

  /** Goes on at once, or when a promise has been kept, unless the client has gone away meanwhile. */
  #when<T>(found: MaybePromise<T>, next: (value: T) => void): void {
    if (found instanceof Promise) {
      found.then((value) => this.#isOver || next(value)).catch((cause) => this.crash(cause))
    } else next(found)
  }
}

function bytesOf(body: Buffer | PassingBody | null): number {
  if (body === null) return 0
  return body instanceof PassingBody ? body.takenBytes : body.length
}
