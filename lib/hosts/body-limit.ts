import type { IncomingMessage } from 'node:http'

/** A request for an endpoint or a page is whole by then, counted from its head, or its connection is cut. */
export const bodyDeadlineMs = 20_000

export interface BodyLimit {
  readonly maxBytes: number
  /** @default bodyDeadlineMs */
  readonly deadlineMs?: number | undefined
}

/**
 * Bounds what the body of a request costs before anybody knows whose it is (P33): its bytes, and its time
 * from the first to the last of them. Whoever reads it sees it break off.
 */
export function limitBody(request: IncomingMessage, limit: BodyLimit): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers
  if (length === '0' && encoding === undefined) return
  const cut = () => {
    if (!request.complete) request.destroy()
  }
  const timer = setTimeout(cut, limit.deadlineMs ?? bodyDeadlineMs)
  request.once('close', () => clearTimeout(timer))
  // Counted as it comes: to read it here would take it from whom it is for.
  let left = limit.maxBytes
  const push = request.push
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    left -= chunk?.length ?? 0
    if (left >= 0) return push.call(request, chunk, encoding)
    request.destroy()
    return false
  }
}
