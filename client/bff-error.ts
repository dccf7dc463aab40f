/** An RFC 9457 body as the BFF writes it. Other members may be there. */
interface Problem {
  readonly code?: unknown
  readonly title?: unknown
  readonly requestId?: unknown
  readonly loginUrl?: unknown
}

/** What every error of this library is. `code` is stable; `message` is for people. */
export class BffError extends Error {
  override name = 'BffError'
  /** The problem's `code` (`csrf_check_failed`, …), or `network`, `bad_answer`, `http_error`. */
  readonly code: string
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  /** To be quoted to whoever reads the server's log. */
  readonly requestId: string | undefined

  constructor(code: string, message: string, options: ErrorOptions & BffErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.status = options.status ?? 0
    this.requestId = options.requestId
  }
}

export interface BffErrorOptions {
  readonly status?: number
  readonly requestId?: string
}

/** The call needs a sign-in: none, an expired one or an expired token (`token_expired`), or (`step_up_required`) a stronger one. */
export class SignInNeededError extends BffError {
  override name = 'SignInNeededError'
  /** Where to send the browser: a path or URL of the BFF, checked, that leads back to this page. */
  readonly loginUrl: string

  constructor(code: string, message: string, loginUrl: string, options: BffErrorOptions = {}) {
    super(code, message, options)
    this.loginUrl = loginUrl
  }
}

/** Nobody knows whether the person is signed in: no network, 503, or an answer of somebody else. */
export class UnavailableError extends BffError {
  override name = 'UnavailableError'
  /** Seconds that the server asked to wait; undefined when it did not say. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: string,
    message: string,
    options: ErrorOptions & BffErrorOptions & { retryAfterSeconds?: number } = {},
  ) {
    super(code, message, options)
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

const signInCodes = new Set([
  'not_signed_in',
  'session_expired',
  'token_expired',
  'step_up_required',
])

/**
 * The typed error of a 401 in which the BFF itself asks for a sign-in. Undefined for every other
 * answer, a 401 of the API behind it included. The body of `response` stays unread.
 * `loginUrlFor` gets the problem's `loginUrl` and answers the one to use.
 */
export async function signInNeeded(
  response: Response,
  loginUrlFor: (offered: string | undefined) => string,
): Promise<SignInNeededError | undefined> {
  if (response.status !== 401 || !isProblem(response)) return undefined
  const problem = await readProblem(response.clone())
  const code = text(problem.code)
  if (code === undefined || !signInCodes.has(code)) return undefined
  const message = text(problem.title) ?? 'You are not signed in.'
  return new SignInNeededError(code, message, loginUrlFor(text(problem.loginUrl)), {
    status: 401,
    ...requestIdOf(problem),
  })
}

/** The typed error of an answer that is no success. Reads the body. */
export async function failure(response: Response): Promise<BffError> {
  const problem = isProblem(response) ? await readProblem(response) : {}
  const message = text(problem.title) ?? `The server answered ${response.status}.`
  const options = { status: response.status, ...requestIdOf(problem) }
  if (response.status < 500)
    return new BffError(text(problem.code) ?? 'http_error', message, options)
  return new UnavailableError(text(problem.code) ?? 'http_error', message, {
    ...options,
    ...retryAfterOf(response),
  })
}

/** What `fetch` threw, typed. An abort stays what it was: the caller asked for it. */
export function networkFailure(cause: unknown): unknown {
  if (cause instanceof Error && (cause.name === 'AbortError' || cause.name === 'TimeoutError')) {
    return cause
  }
  return new UnavailableError('network', 'The server could not be reached.', { cause })
}

function isProblem(response: Response): boolean {
  return /^application\/problem\+json\b/i.test(response.headers.get('content-type') ?? '')
}

async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined)
  return typeof body === 'object' && body !== null ? body : {}
}

function requestIdOf(problem: Problem): { requestId?: string } {
  const requestId = text(problem.requestId)
  return requestId === undefined ? {} : { requestId }
}

function retryAfterOf(response: Response): { retryAfterSeconds?: number } {
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10)
  return seconds >= 0 ? { retryAfterSeconds: seconds } : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
