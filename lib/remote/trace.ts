import { randomFillSync } from 'node:crypto'

// W3C Trace Context section 3.2: version 00, ids in lower-case hex and not all zero. Version 00
// has 55 characters; a later one may be longer, and its first four fields mean the same.
const wellFormed =
  /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

export interface Tracing {
  /** The caller's `traceparent` if it is well-formed, else that of a new trace, not sampled, under this id. */
  traceparent(incoming: string | undefined, traceId?: string): string
  /** A random id of 32 hexadecimal digits. */
  id(): string
}

const poolBytes = 4096

/** Random digits are drawn for many ids at once: a call into the random generator costs more than all the rest. */
export function createTracing(): Tracing {
  const pool = Buffer.alloc(poolBytes)
  let digits = ''
  let at = 0

  function draw(length: number): string {
    if (at + length > digits.length) {
      digits = randomFillSync(pool).toString('hex')
      at = 0
    }
    at += length
    return digits.slice(at - length, at)
  }

  return {
    traceparent(incoming, traceId) {
      if (incoming !== undefined && wellFormed.test(incoming)) return incoming
      return `00-${traceId ?? draw(32)}-${draw(16)}-00`
    },
    id: () => draw(32),
  }
}
