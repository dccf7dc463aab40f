import type { ProblemCode } from '../http/problem.ts'

/** The final head of an answer took too long, however many interim ones came. */
export class HeadTimeoutError extends Error {
  readonly code = 'head_timeout'
}

const timeouts = new Set([
  'head_timeout',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])
const shutdowns = new Set(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED'])
// The kept connection was closed by the API in the moment in which we used it again.
const lostConnections = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/** The code of an error, whoever made it. */
function errorCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** What a failed call is to the browser (P7). `answering`: the API had begun to answer. */
export function problemOfFailure(error: Error, answering: boolean): ProblemCode {
  const code = errorCode(error)
  if (timeouts.has(code)) return 'upstream_timeout'
  if (shutdowns.has(code)) return 'shutting_down'
  if (code === 'body_too_large' || code === 'request_timeout') return code
  // undici refuses to put it on the wire: a header of the request is not sound.
  if (code === 'UND_ERR_INVALID_ARG') return 'bad_request'
  if (code === 'upstream_bad_redirect') return code
  if (answering || code === 'upstream_bad_answer') return 'upstream_bad_answer'
  return 'upstream_unreachable'
}

/** RFC 9110 section 9.2.2: these may be sent again when no answer was seen. */
export function mayRepeat(method: string, error: Error): boolean {
  if (!lostConnections.has(errorCode(error))) return false
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'PUT':
    case 'DELETE':
      return true
    default:
      return false
  }
}
