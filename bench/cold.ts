import { connect, type Socket } from 'node:net'
import { median, type Row, rounded } from './measure.ts'
import { type Running, start, stop } from './processes.ts'
import { browserRequest, placeOf } from './request.ts'

const perSecond = 1000
const starts = 5

/** A thousand calls in the first second of a process, each at its time whether others are answered or not, and later ones. */
export async function measureCold(): Promise<Row[]> {
  const upstream = await start('./upstream.ts')
  const env = { BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}`, NODE_ENV: 'production' }
  const rows: Row[] = []
  for (const [subject, file] of [
    ['bare undici proxy', './baseline.ts'],
    ['the server, sqlite', './server.ts'],
  ] as const) {
    const cold: number[] = []
    const warm: number[] = []
    for (let count = 0; count < starts; count += 1) {
      const running = await start(file, env)
      cold.push(await oneSecond(running))
      for (let second = 0; second < 4; second += 1) await oneSecond(running)
      warm.push(await oneSecond(running))
      await stop(running.process)
    }
    rows.push({
      subject,
      'first second p99 ms': rounded(median(cold), 1),
      'sixth second p99 ms': rounded(median(warm), 1),
      ratio: rounded(median(cold) / median(warm), 1),
    })
  }
  await stop(upstream.process)
  return rows
}

/** Answers the 99th percentile, in milliseconds from when a call was due. */
function oneSecond(running: Running): Promise<number> {
  const text = browserRequest(placeOf(running.port, running.cookie))
  const idle: Socket[] = []
  const took: number[] = []
  let sent = 0
  const began = performance.now()

  return new Promise((resolve, reject) => {
    function send(socket: Socket, due: number): void {
      let left = -1
      const onData = (chunk: Buffer) => {
        if (left < 0) {
          const head = chunk.toString('latin1')
          const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
          left = Number(length) - (head.length - head.indexOf('\r\n\r\n') - 4)
        } else left -= chunk.length
        if (left > 0) return
        socket.off('data', onData)
        idle.push(socket)
        took.push(performance.now() - due)
        if (took.length < perSecond) return
        for (const each of idle) each.destroy()
        resolve(took.sort((a, b) => a - b)[Math.floor(perSecond * 0.99)] ?? 0)
      }
      socket.on('data', onData)
      socket.write(text)
    }
    function tick(): void {
      for (; sent < perSecond && began + sent <= performance.now(); sent += 1) {
        const socket =
          idle.pop() ?? connect({ port: running.port, host: '127.0.0.1' }).on('error', reject)
        send(socket, began + sent)
      }
      if (sent < perSecond) setImmediate(tick)
    }
    tick()
  })
}
