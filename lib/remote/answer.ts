import type { Cors } from '../http/cors.ts'
import { type ProblemCode, type ProblemOptions, problemParts, problems } from '../http/problem.ts'
import { clientGone } from '../telemetry/done-requests.ts'
import type { Log } from '../telemetry/log.ts'
import type { AnswerSink } from './remote-request.ts'
import type { RequestHead } from './request-headers.ts'
import type { AnswerContext } from './response-headers.ts'

const noHeaders: readonly string[] = []

/** What the log says of a call. */
export interface LoggedCall {
  readonly requestId: string
  /** Name of the remote. */
  readonly remote: string
  /** Where it lies. */
  readonly route: string
  /** Address of the client, where it is known. */
  readonly client: string | undefined
}

interface AnsweredCall {
  readonly requestId: string
  readonly logged: LoggedCall
}

export interface FailureOptions {
  readonly cause?: unknown
  readonly members?: Record<string, string>
  readonly headers?: Record<string, string>
}

/**
 * The answer to one call. It is begun once, and never left half done: a failure after its head was sent
 * breaks the connection, so that nobody takes it for whole and nobody waits for the rest (P15).
 */
export class Answer implements AnswerContext {
  readonly requestId: string
  upstreamPath = ''
  /** For a listed origin, else empty. */
  corsHeaders = noHeaders
  apiCookies: readonly string[] = noHeaders
  /** A session cookie that has to be renewed. */
  setCookie: string | undefined
  /** 499 while there is none: that of a client which goes away. */
  status = clientGone
  /** Of a body of our own. */
  bytesOut = 0
  /** Nothing is left to be said. */
  isSettled = false
  #isBegun = false
  readonly #sink: AnswerSink
  readonly #log: Log
  readonly #call: AnsweredCall

  constructor(sink: AnswerSink, log: Log, call: AnsweredCall) {
    this.#sink = sink
    this.#log = log
    this.#call = call
    this.requestId = call.requestId
  }

  /** Sends the head. Throws, and has sent nothing, when it cannot stand on the wire. */
  begin(status: number, headers: string[]): void {
    this.#sink.writeHead(status, headers)
    this.status = status
    this.#isBegun = true
  }

  /** Lets a listed origin read the answer. True when it only asked whether it may: that is answered. */
  isPreflight(cors: Cors, method: string, head: RequestHead, allow: string): boolean {
    const listed = cors.listed(head.origin)
    if (listed === undefined) return false
    this.corsHeaders = cors.answerHeaders(listed)
    if (method !== 'OPTIONS' || head.preflightMethod === undefined) return false
    this.isSettled = true
    this.status = 204
    this.#sink.writeHead(204, cors.preflightHeaders(listed, allow, head.preflightHeaders))
    this.#sink.end()
    return true
  }

  /** Answers with a problem, unless something was answered already. */
  fail(code: ProblemCode, { cause, ...options }: FailureOptions): void {
    if (this.isSettled) return
    if (this.#isBegun) {
      const by = problems[code][0] === 500 ? 'server' : 'upstream'
      return void this.breakOff(by, cause)
    }
    this.isSettled = true
    const { logged } = this.#call
    logProblem(this.#log, logged, code, cause)
    const { requestId, corsHeaders, setCookie } = this
    const answer = problemAnswer(code, { requestId, setCookie, corsHeaders, ...options })
    this.status = answer.status
    this.bytesOut = Buffer.byteLength(answer.body)
    this.#sink.writeHead(answer.status, answer.headers)
    this.#sink.end(answer.body)
  }

  breakOff(by: 'upstream' | 'server', cause?: unknown): void {
    this.isSettled = true
    logAbort(this.#log, this.#call.logged, by, cause)
    this.#sink.destroy()
  }
}

/** What a problem's answer says besides: the way to a new token leads past the sign-in (T25). */
export function optionsOf(code: ProblemCode, basePath: string): FailureOptions {
  return code === 'token_expired' ? { members: { loginUrl: `${basePath}/login` } } : {}
}

interface ProblemAnswerOptions extends ProblemOptions {
  /** A session cookie that has to be renewed. */
  readonly setCookie?: string | undefined
  readonly corsHeaders?: readonly string[]
}

/** A problem in the words of the wire: status, flat headers, body. */
export function problemAnswer(
  code: ProblemCode,
  options: ProblemAnswerOptions,
): { status: number; headers: string[]; body: string } {
  const { status, headers, body } = problemParts(code, options)
  const flat = Object.entries(headers).flat()
  flat.push('content-length', String(Buffer.byteLength(body)))
  if (options.setCookie !== undefined) flat.push('set-cookie', options.setCookie)
  if (options.corsHeaders) flat.push(...options.corsHeaders)
  return { status, headers: flat, body }
}

/** A problem that we answer: the client's, or the API's and ours. */
export function logProblem(log: Log, call: LoggedCall, code: ProblemCode, cause: unknown): void {
  const { requestId, remote, route, client } = call
  if (problems[code][0] >= 500) log.event('remote.failed', { requestId, remote, code, cause })
  else log.event('request.refused', { requestId, code, route, client })
}

/** An answer that did not come to its end. */
export function logAbort(
  log: Log,
  call: LoggedCall,
  by: 'client' | 'upstream' | 'server',
  cause?: unknown,
): void {
  const { requestId, remote } = call
  log.event('remote.aborted', { requestId, remote, by, ...(cause ? { cause } : {}) })
}
