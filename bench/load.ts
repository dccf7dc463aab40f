/** The load: keep-alive connections that each send the next request when the last answer is there. */
import { connect } from 'node:net'

export interface LoadOrder {
  readonly port: number
  readonly host: string
  /** Whole requests, byte for byte, sent by turns. */
  readonly requests: readonly string[]
  readonly connections: number
  /** The end of the run, unless every request is to be sent just once. */
  readonly milliseconds: number
  readonly once?: boolean
}

export interface LoadResult {
  readonly requests: number
  readonly milliseconds: number
  /** Answers that were not 200, and connections that broke. */
  readonly errors: number
  readonly p50Microseconds: number
  readonly p99Microseconds: number
}

const bucketMicroseconds = 10
const buckets = 200_000

function run(order: LoadOrder): Promise<LoadResult> {
  const histogram = new Uint32Array(buckets)
  const texts = order.requests.map((text) => Buffer.from(text, 'latin1'))
  let turn = 0
  const started = performance.now()
  let requests = 0
  let errors = 0
  let open = 0
  let isOver = false

  return new Promise((resolve) => {
    const finish = () => {
      if (open > 0 || !isOver) return
      resolve({
        requests,
        errors,
        milliseconds: performance.now() - started,
        p50Microseconds: percentile(histogram, requests, 0.5),
        p99Microseconds: percentile(histogram, requests, 0.99),
      })
    }
    setTimeout(() => {
      isOver = true
      finish()
    }, order.milliseconds)

    function openConnection(): void {
      const socket = connect({ port: order.port, host: order.host, noDelay: true })
      let sentAt = 0
      let left = -1
      let isChunked = false
      let head = ''
      open += 1
      const send = () => {
        if (order.once && turn === texts.length) isOver = true
        if (isOver) return void socket.destroy()
        left = -1
        head = ''
        sentAt = performance.now()
        socket.write(texts[turn++ % texts.length] as Buffer)
      }
      socket.on('connect', send)
      socket.on('data', (chunk) => {
        if (left < 0) {
          head += chunk.toString('latin1')
          const end = head.indexOf('\r\n\r\n')
          if (end < 0) return
          const length = /\r\ncontent-length: *(\d+)/i.exec(head)
          isChunked = !length && /\r\ntransfer-encoding: *chunked/i.test(head)
          if (!head.startsWith('200', 9) || !(length || isChunked)) {
            errors += 1
            return void socket.destroy()
          }
          left = isChunked ? Number.MAX_SAFE_INTEGER : Number(length?.[1]) - (head.length - end - 4)
        } else left -= chunk.length
        if (isChunked ? !chunk.includes('\r\n0\r\n\r\n') && !endsLate(chunk) : left > 0) return
        requests += 1
        const microseconds = (performance.now() - sentAt) * 1000
        const bucket = Math.min(buckets - 1, Math.floor(microseconds / bucketMicroseconds))
        histogram[bucket] = (histogram[bucket] ?? 0) + 1
        send()
      })
      socket.on('error', () => {
        errors += 1
      })
      socket.on('close', () => {
        open -= 1
        if (isOver) finish()
        else openConnection()
      })
    }
    for (let i = 0; i < order.connections; i += 1) openConnection()
  })
}

/** The last chunk may come by itself. */
function endsLate(chunk: Buffer): boolean {
  return chunk.length === 5 && chunk.toString('latin1') === '0\r\n\r\n'
}

function percentile(histogram: Uint32Array, total: number, share: number): number {
  let seen = 0
  for (let i = 0; i < histogram.length; i += 1) {
    seen += histogram[i] ?? 0
    if (seen >= total * share) return i * bucketMicroseconds
  }
  return 0
}

process.on('message', (order: LoadOrder) => {
  run(order).then((result) => process.send?.(result))
})
process.on('disconnect', () => process.exit())
