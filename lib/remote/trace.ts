import { randomFillSync } from 'node:crypto'

// W3C Trace Context section 3.2: version 00, ids in lower-case hex and not all zero. A later version
// may be longer; its first four fields mean the same.
const wellFormed =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

export interface Tracing {
  /** The caller's `traceparent` if it is well-formed, else that of a new trace, not sampled. */
  traceparent(incoming: string | undefined): string
}

const bytesEach = 24

/** Random bytes are drawn for many traces at once: a call into the random generator costs more than all the rest. */
export function createTracing(): Tracing {
  const pool = Buffer.alloc(bytesEach * 256)
  let at = pool.length

  return {
    traceparent(incoming) {
      if (incoming !== undefined && wellFormed.test(incoming)) return incoming
      if (at === pool.length) {
        randomFillSync(pool)
        at = 0
      }
      const id = pool.toString('hex', at, at + bytesEach)
      at += bytesEach
      return `00-${id.slice(0, 32)}-${id.slice(32)}-00`
    },
  }
}
