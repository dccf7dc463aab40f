import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BodyRefusal, BodyRefusedError } from '../http/body-refused.ts'
import { type MoreHeaders, refuseOnSocket } from './refuse.ts'

/** A request for an endpoint or a page is whole by then, counted from its head, or it is refused. */
export const bodyDeadlineMs = 20_000

export interface BodyLimit {
  readonly maxBytes: number
  /** @default bodyDeadlineMs */
  readonly deadlineMs?: number | undefined
  /** Headers that every answer has. */
  readonly more?: MoreHeaders
  /** Who reads the body: `engine` answers a `BodyRefusedError` by itself; to others it breaks off. */
  readonly reader: 'engine' | 'pages'
}

/**
 * Bounds what the body of a request costs before anybody knows whose it is (P33): its bytes, and its time
 * from the first to the last of them. Past them the answer is 413 or 408, while there is none.
 */
export function limitBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: BodyLimit,
): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers
  if (length === '0' && encoding === undefined) return
  let isRefused = false
  const refuse = (code: BodyRefusal) => {
    if (request.complete || isRefused) return
    isRefused = true
    const canBeTold = !response.headersSent && response.socket !== null
    // Destroying the request would take the connection along, and with it the answer.
    if (canBeTold && limit.reader === 'engine' && request.listenerCount('error') > 0) {
      return void request.emit('error', new BodyRefusedError(code))
    }
    if (canBeTold) refuseOnSocket(request.socket, code, limit.more ?? {})
    request.destroy()
  }
  const timer = setTimeout(() => refuse('request_timeout'), limit.deadlineMs ?? bodyDeadlineMs)
  request.once('close', () => clearTimeout(timer))
  // Counted as it comes: to read it here would take it from whom it is for.
  let left = limit.maxBytes
  const push = request.push
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    left -= chunk?.length ?? 0
    if (left >= 0) return push.call(request, chunk, encoding)
    refuse('body_too_large')
    return false
  }
}
