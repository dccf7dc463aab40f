import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Row, rounded } from './measure.ts'
import {
  cpuOf,
  memoryOf,
  type Running,
  runLoad,
  start,
  startLoad,
  startShared,
  stop,
} from './processes.ts'
import { browserRequest, placeOf } from './request.ts'

const active = [5000, 20_000, 100_000]
const streams = 10_000

/** What one process holds: people who all use it within a short time, and pages that wait for events. */
export async function measurePeople(): Promise<Row[]> {
  const upstream = await start('./upstream.ts')
  const rows: Row[] = []
  for (const store of ['redis', 'sqlite']) {
    const shared = await startShared(store)
    if (!shared) continue
    const directory = mkdtempSync(join(tmpdir(), 'cloakroom-people-'))
    const env = {
      ...{ BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}`, BENCH_STORE: shared.kind },
      ...{ BENCH_SQLITE_FILE: join(directory, 'sessions.db'), ...shared.env },
    }
    // By a process of its own: what it takes to sign so many in is not what it takes to serve them.
    const seeder = await start('./server.ts', { ...env, BENCH_NEWCOMERS: `${active.at(-1)}` })
    const { newcomers = [] } = seeder
    await stop(seeder.process)
    const server = await start('./server.ts', env)
    rows.push(...(await sessions(store, { ...server, newcomers })))
    rows.push(await pages(store, { ...server, newcomers }))
    await stop(server.process)
    await shared.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  await stop(upstream.process)
  return rows
}

/** Memory when so many have made a call each, one after the other, and when all do it once more. */
async function sessions(store: string, { process, port, newcomers = [] }: Running): Promise<Row[]> {
  const load = startLoad()
  const { url } = placeOf(port, undefined)
  const rows: Row[] = []
  let done = 0
  for (const count of active) {
    const before = cpuOf(process) ?? 0
    const calls = count - done
    await once(load, url, newcomers.slice(done, count))
    const first = ((cpuOf(process) ?? 0) - before) / calls
    done = count
    const again = cpuOf(process) ?? 0
    await once(load, url, newcomers.slice(0, count))
    rows.push({
      subject: `${store}, ${count} active sessions`,
      'memory MB': rounded(memoryOf(process), 0),
      'first call µs': rounded(first, 0),
      'next call µs': rounded(((cpuOf(process) ?? 0) - again) / count, 0),
    })
  }
  await stop(load)
  return rows
}

async function once(load: ReturnType<typeof startLoad>, url: URL, cookies: readonly string[]) {
  const { requests, errors } = await runLoad(load, {
    ...{ host: url.hostname, port: Number(url.port), connections: 32, milliseconds: 600_000 },
    requests: cookies.map((cookie) => browserRequest({ url, cookie })),
    once: true,
  })
  if (errors > 0 || requests !== cookies.length) throw new Error(`${errors} calls failed`)
}

/** Streams of events of as many sessions: what they take while nothing happens, and how soon they are told. */
async function pages(store: string, { process, port, newcomers = [] }: Running): Promise<Row> {
  const before = memoryOf(process)
  const sockets: Socket[] = []
  const { url } = placeOf(port, undefined)
  url.pathname = '/bff/events'
  for (let i = 0; i < streams; i += 100) {
    const some = newcomers.slice(i, i + 100)
    sockets.push(...(await Promise.all(some.map((cookie) => listen(port, { url, cookie })))))
  }
  const memory = memoryOf(process) - before
  await sleep(2000)
  const [cpu, from] = [cpuOf(process) ?? 0, performance.now()]
  await sleep(10_000)
  const idle = ((cpuOf(process) ?? 0) - cpu) / (performance.now() - from) / 10
  const told: number[] = []
  for (const [i, socket] of sockets.slice(0, 20).entries()) {
    const out = new URL(url)
    out.pathname = '/bff/logout'
    const at = performance.now()
    const heard = new Promise<number>((resolve) => {
      socket.on('data', (chunk) => {
        if (chunk.includes('signed-out')) resolve(performance.now() - at)
      })
    })
    await ask(port, { url: out, cookie: newcomers[i] as string })
    told.push(await heard)
  }
  for (const socket of sockets) socket.destroy()
  return {
    subject: `${store}, ${streams} open pages`,
    'KB each': rounded((memory * 1024) / streams, 1),
    'idle % of a core': rounded(idle, 1),
    'told p50 ms': rounded(median(told), 1),
    'told worst ms': rounded(Math.max(...told), 1),
  }
}

async function listen(port: number, place: { url: URL; cookie: string }): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.write(browserRequest(place))
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('data', (chunk) => {
      if (chunk.includes(' 200 OK')) resolve()
      else reject(new Error(chunk.toString().split('\r\n', 1)[0]))
    })
  })
  return socket
}

async function ask(port: number, place: { url: URL; cookie: string }): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    String(browserRequest(place))
      .replace(/^GET/, 'POST')
      .replace('\r\n\r\n', '\r\ncontent-length: 0\r\nx-csrf: 1\r\n\r\n'),
  )
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('data', () => resolve())
  })
  socket.destroy()
}
