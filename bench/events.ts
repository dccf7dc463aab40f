import { connect, type Socket } from 'node:net'
import { median, type Row, rounded } from './measure.ts'
import { memoryOf, start, stop } from './processes.ts'
import { browserRequest, placeOf } from './request.ts'

const streams = 1000

/** A thousand people who listen for events at once. */
export async function measureEvents(): Promise<Row[]> {
  const upstream = await start('./streaming-upstream.ts')
  const rows: Row[] = []
  for (const [subject, file] of [
    ['bare undici proxy', './baseline.ts'],
    ['the server, sqlite', './server.ts'],
  ] as const) {
    const server = await start(file, { BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}` })
    const place = placeOf(server.port, server.cookie)
    place.url.pathname = '/api/remote/api/events'
    const request = browserRequest(place)
    const before = memoryOf(server.process)
    const sockets: Socket[] = []
    const delays: number[] = []
    // Twenty at a time: a delay is not to be that of a queue.
    for (let i = 0; i < streams; i += 20) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const socket = connect(server.port, '127.0.0.1')
          sockets.push(socket)
          const sent = performance.now()
          socket.write(request)
          let received = ''
          await new Promise<void>((resolve, reject) => {
            socket.on('error', reject)
            socket.on('close', () => reject(new Error('the stream ended')))
            socket.on('data', (chunk) => {
              received += chunk.toString('latin1')
              if (received.includes('data: first')) resolve()
            })
          })
          socket.removeAllListeners('close')
          delays.push(performance.now() - sent)
        }),
      )
    }
    const memory = memoryOf(server.process) - before
    rows.push({
      subject: `${streams} streams, ${subject}`,
      'first event p50 ms': rounded(median(delays), 2),
      'first event worst ms': rounded(Math.max(...delays), 1),
      'KB each': rounded((memory * 1024) / streams, 0),
    })
    for (const socket of sockets) socket.destroy()
    await stop(server.process)
  }
  await stop(upstream.process)
  return rows
}
