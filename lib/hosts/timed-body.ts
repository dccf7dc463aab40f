import { BodyRefusedError } from '../http/body-refused.ts'

/** The same request, whose body breaks off where it is not whole in time: anybody may send one (P33). */
export function withTimedBody(request: Request, deadlineMs: number): Request {
  const { body } = request
  if (!body) return request
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new BodyRefusedError('request_timeout')), deadlineMs)
  body
    .pipeTo(writable, { signal: late.signal })
    // Whoever reads it is told by the other end.
    .catch(() => undefined)
    .finally(() => clearTimeout(timer))
  const { url, method, headers, signal } = request
  const init = { method, headers, signal, body: readable, duplex: 'half' }
  return new Request(url, init as RequestInit)
}
