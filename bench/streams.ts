import { connect } from 'node:net'
import { median, type Row, rounded } from './measure.ts'
import { cpuOf, memoryOf, type Running, start, stop } from './processes.ts'
import { browserRequest, placeOf } from './request.ts'

const gigabyte = 2 ** 30
const megabyte = 2 ** 20
const piece = Buffer.alloc(64 * 1024, 'x')

/** Bodies of one size, one after the other on one connection. */
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
  const cpuBefore = cpuOf(running.process) ?? 0
  const timer = setInterval(() => {
    most = Math.max(most, memoryOf(running.process))
  }, 20)
  const started = performance.now()
  return new Promise<{ perSecond: number; grown: number; cpu: number }>((resolve, reject) => {
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
      const megabytes = (bytes * times) / megabyte
      const cpu = ((cpuOf(running.process) ?? 0) - cpuBefore) / megabytes
      resolve({ perSecond: megabytes / seconds, grown: most - before, cpu })
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

interface Run {
  readonly base: number
  readonly ours: number
  /** Megabytes. */
  readonly grown: number
  /** Microseconds of processor time for each megabyte. */
  readonly cpu: number
  readonly baseCpu: number
}

const kinds = [
  ['1 MB down', 'down', megabyte, 200],
  ['1 GiB down', 'down', gigabyte, 1],
  ['1 MB up', 'up', megabyte, 200],
  ['1 GiB up', 'up', gigabyte, 1],
] as const
// Two processes of one program differ by more than the two programs.
const starts = 3
const rounds = 2

/** Bodies of a megabyte, and of a gigabyte, in both directions. */
export async function measureStreams(): Promise<Row[]> {
  const upstream = await start('./streaming-upstream.ts')
  const env = { BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}` }
  const runs = new Map<string, Run[]>(kinds.map(([name]) => [name, []]))
  for (let count = 0; count < starts; count += 1) {
    const baseline = await start('./baseline.ts', env)
    const server = await start('./server.ts', env)
    for (const [name, way, bytes, times] of kinds) {
      for (const one of [baseline, server]) await transfer(one, way, 64 * megabyte, 1)
      for (let round = 0; round < rounds; round += 1) {
        const measure = (one: Running) => transfer(one, way, bytes, times)
        // The other order every other time.
        const pair = round % 2 === 0 ? [baseline, server] : [server, baseline]
        const [first, second] = [
          await measure(pair[0] as Running),
          await measure(pair[1] as Running),
        ]
        const [base, ours] = round % 2 === 0 ? [first, second] : [second, first]
        runs.get(name)?.push({
          ...{ base: base.perSecond, baseCpu: base.cpu },
          ...{ ours: ours.perSecond, cpu: ours.cpu, grown: ours.grown },
        })
      }
    }
    for (const { process } of [server, baseline]) await stop(process)
  }
  await stop(upstream.process)
  return [...runs].map(([subject, of]) => ({
    subject,
    'baseline MB/s': Math.round(median(of.map(({ base }) => base))),
    'server MB/s': Math.round(median(of.map(({ ours }) => ours))),
    ratio: rounded(median(of.map(({ base, ours }) => ours / base)), 3),
    'CPU µs/MB': Math.round(median(of.map(({ cpu }) => cpu))),
    'baseline CPU µs/MB': Math.round(median(of.map(({ baseCpu }) => baseCpu))),
    'memory growth MB': Math.round(Math.max(...of.map(({ grown }) => grown))),
  }))
}
