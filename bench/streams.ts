import { connect } from 'node:net'
import { median, type Row, rounded } from './measure.ts'
import { memoryOf, type Running, start, stop } from './processes.ts'
import { browserRequest, placeOf } from './request.ts'

const gigabyte = 2 ** 30
const megabyte = 2 ** 20
const piece = Buffer.alloc(64 * 1024, 'x')

/** Megabytes a second for one body of that size, one after the other on one connection. */
function transfer(running: Running, way: 'down' | 'up', bytes: number, times: number) {
  const place = placeOf(running.port, running.cookie)
  place.url.pathname = `/api/remote/api/${way}`
  place.url.search = `?bytes=${bytes}`
  const head =
    way === 'down'
      ? browserRequest(place)
      : browserRequest(place, 'POST', [
          `Content-Length: ${bytes}`,
          'Content-Type: application/octet-stream',
        ])
  const before = memoryOf(running.process)
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, memoryOf(running.process))
  }, 20)
  const started = performance.now()
  return new Promise<{ perSecond: number; grown: number }>((resolve, reject) => {
    const socket = connect(running.port, '127.0.0.1')
    let left = 0
    let done = 0
    let answerLeft = -1
    const next = () => {
      answerLeft = -1
      socket.write(head)
      left = way === 'up' ? bytes : 0
      pump()
    }
    const pump = () => {
      while (left > 0) {
        const size = Math.min(left, piece.length)
        left -= size
        if (!socket.write(size === piece.length ? piece : piece.subarray(0, size))) return
      }
    }
    const finish = () => {
      clearInterval(timer)
      socket.destroy()
      const seconds = (performance.now() - started) / 1000
      resolve({ perSecond: (bytes * times) / megabyte / seconds, grown: most - before })
    }
    socket.on('connect', next)
    socket.on('drain', pump)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection ended early')))
    socket.on('data', (chunk) => {
      if (answerLeft < 0) {
        const end = chunk.indexOf('\r\n\r\n')
        const text = chunk.toString('latin1', 0, end)
        if (!text.startsWith('200', 9)) return void socket.destroy()
        const length = /content-length: *(\d+)/i.exec(text)?.[1]
        // Both answers have a length, or are too short to come in pieces.
        answerLeft = length === undefined ? 0 : Number(length) - (chunk.length - end - 4)
      } else answerLeft -= chunk.length
      if (answerLeft > 0) return
      done += 1
      if (done === times) finish()
      else next()
    })
  })
}

/** Bodies of a megabyte, and of a gigabyte, in both directions. */
export async function measureStreams(): Promise<Row[]> {
  const upstream = await start('./streaming-upstream.ts')
  const env = { BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}` }
  const baseline = await start('./baseline.ts', env)
  const server = await start('./server.ts', env)
  const rows: Row[] = []
  for (const way of ['down', 'up'] as const) {
    for (const [size, bytes, times, rounds] of [
      ['1 MB', megabyte, 200, 3],
      ['1 GiB', gigabyte, 1, 3],
    ] as const) {
      const runs: { base: number; ours: number; grown: number }[] = []
      for (let round = 0; round < rounds; round += 1) {
        const base = await transfer(baseline, way, bytes, times)
        const ours = await transfer(server, way, bytes, times)
        runs.push({ base: base.perSecond, ours: ours.perSecond, grown: ours.grown })
      }
      rows.push({
        subject: `${size} ${way}`,
        'baseline MB/s': Math.round(median(runs.map(({ base }) => base))),
        'server MB/s': Math.round(median(runs.map(({ ours }) => ours))),
        ratio: rounded(median(runs.map(({ base, ours }) => ours / base)), 3),
        'memory growth MB': Math.round(Math.max(...runs.map(({ grown }) => grown))),
      })
    }
  }
  for (const { process } of [server, baseline, upstream]) await stop(process)
  return rows
}
