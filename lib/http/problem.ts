import { retryAfter } from './retry-after.ts'
import { uncached } from './uncached.ts'

/**
 * Every error that a browser may see: code -> status and title. The detail goes to the log.
 * `type` of the problem is `urn:cloakroom:problem:<code>` (RFC 9457 section 3.1.1).
 */
export const problems = {
  bad_request: [400, 'The request is malformed.'],
  bad_return_url: [400, 'The return URL is not on this site.'],
  bad_prompt: [400, 'The provider does not support this prompt.'],
  sid_missing: [400, 'Sign-out needs the sid of the session. Use the logout URL that /user gives.'],
  sid_mismatch: [400, 'This sign-out link belongs to another session.'],
  sign_in_lost: [400, 'This sign-in has expired or was already used. Please sign in again.'],
  sign_in_failed: [400, 'The sign-in did not succeed. Please try again.'],
  sign_in_request_ignored: [
    400,
    'The sign-in service did not do what this sign-in needs: it ignored that a new or a stronger one was asked for.',
  ],
  sign_in_framed: [400, 'Signing in needs the whole window, not a frame.'],
  sign_in_cancelled: [400, 'The sign-in was cancelled.'],
  logout_token_invalid: [400, 'The logout token is not valid.'],
  bad_path: [400, 'The path is not allowed.'],
  not_signed_in: [401, 'You are not signed in.'],
  session_expired: [401, 'Your session has ended. Please sign in again.'],
  token_expired: [401, 'Your access to this service has expired. Please sign in again.'],
  step_up_required: [401, 'This needs a stronger or more recent sign-in.'],
  csrf_check_failed: [403, 'The request did not come from this application.'],
  script_refused: [403, 'What an API answers is no script of this application.'],
  not_found: [404, 'There is nothing here.'],
  unknown_remote: [404, 'There is no such remote API.'],
  method_not_allowed: [405, 'This method is not allowed here.'],
  request_timeout: [408, 'The request took too long to arrive.'],
  body_too_large: [413, 'The request body is too large.'],
  misdirected_request: [421, 'This server is not known by that name.'],
  too_many_requests: [429, 'Too many requests are under way at once. Please try again.'],
  header_too_large: [431, 'The request headers are too large.'],
  internal_error: [500, 'Something went wrong on our side.'],
  provider_misconfigured: [
    500,
    'The sign-in service refused this application. Its operator has been told.',
  ],
  bad_provider_answer: [502, 'The sign-in service gave an answer that we cannot use.'],
  upstream_unreachable: [502, 'The API could not be reached.'],
  upstream_bad_answer: [502, 'The API gave an answer that cannot be passed on.'],
  upstream_bad_redirect: [502, 'The API redirects to an address that no browser can reach.'],
  provider_unavailable: [503, 'The sign-in service is not available right now. Please try again.'],
  store_unavailable: [503, 'The session store is not available right now. Please try again.'],
  token_unavailable: [503, 'A fresh token could not be had right now. Please try again.'],
  upstream_circuit_open: [503, 'The API is not available right now. Please try again.'],
  upstream_busy: [503, 'The API has all the calls under way that it may have. Please try again.'],
  shutting_down: [503, 'The server is shutting down. Please try again.'],
  upstream_timeout: [504, 'The API did not answer in time.'],
} as const satisfies Record<string, readonly [number, string]>

export type ProblemCode = keyof typeof problems

export interface ProblemOptions {
  readonly requestId: string
  /** @default the one of the code */
  readonly status?: number
  readonly headers?: Record<string, string>
  /** Extra members (RFC 9457 section 3.2), for example `loginUrl`. Never anything that the client sent. */
  readonly members?: Record<string, string | number>
}

/** Status of a problem, its headers as a flat list, and its body: what the hot path writes by itself. */
export function problemParts(code: ProblemCode, options: ProblemOptions) {
  const [usual, title] = problems[code]
  const status = options.status ?? usual
  const body = JSON.stringify({
    type: `urn:cloakroom:problem:${code}`,
    title,
    status,
    code,
    requestId: options.requestId,
    ...options.members,
  })
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    ...uncached,
    'x-content-type-options': 'nosniff',
    'x-request-id': options.requestId,
    ...(status === 503 || status === 429 ? retryAfter : undefined),
    ...options.headers,
  }
  return { status, headers, body }
}

/** An RFC 9457 answer. The body never carries an internal message, a token, or reflected input. */
export function problem(code: ProblemCode, options: ProblemOptions): Response {
  const { status, headers, body } = problemParts(code, options)
  return new Response(body, { status, headers })
}
