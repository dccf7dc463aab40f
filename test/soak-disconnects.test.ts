import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, startApp } from './support/app.ts'
import { liveMemory } from './support/live-memory.ts'
import { startRawUpstream, until } from './support/remote-fixture.ts'
import { createSeeded, type Seeded } from './support/seeded.ts'

// SOAK_REQUESTS=10000 for a long run; SOAK_SEED repeats one.
const total = Number(process.env.SOAK_REQUESTS ?? 1500)
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000)
const clients = 30

const json = 'content-type: application/json\r\n'
const big = 'x'.repeat(256 * 1024)

/** What an API may do to a request, by the path that was asked. */
const behaviours: Record<string, (socket: Socket) => void> = {
  good: (socket) => socket.write(`HTTP/1.1 200 OK\r\n${json}content-length: 2\r\n\r\n{}`),
  big: (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\n${json}content-length: ${big.length}\r\n\r\n${big}`),
  chunked: (socket) =>
    socket.write(
      `HTTP/1.1 200 OK\r\n${json}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    ),
  silent: () => undefined,
  reset: (socket) => socket.resetAndDestroy(),
  closed: (socket) => socket.destroy(),
  'reset-in-head': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nx: ', () => socket.resetAndDestroy()),
  truncated: (socket) => socket.end(`HTTP/1.1 200 OK\r\n${json}content-length: 5000\r\n\r\npart`),
  'truncated-chunk': (socket) =>
    socket.end(`HTTP/1.1 200 OK\r\n${json}transfer-encoding: chunked\r\n\r\nff\r\npart`),
  garbage: (socket) => socket.write('\u0000\u0001 nothing of HTTP\r\n\r\n'),
  'garbage-chunk': (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\n${json}transfer-encoding: chunked\r\n\r\nzz\r\npart`),
  slow(socket) {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n`)
    const timer = setInterval(() => socket.write('data: 1\n\n'), 5)
    socket.on('close', () => clearInterval(timer))
  },
}

/** One request of a client that does not stay. When its connection is closed: 1 if it had an answer of the API's. */
function leave(app: App, cookie: string, random: Seeded): Promise<0 | 1> {
  const path = `/api/remote/api/${random.pick(Object.keys(behaviours))}`
  const head = `host: localhost\r\nsec-fetch-site: same-origin\r\ncookie: ${cookie}\r\n`
  const body = 'b'.repeat(random.integer(40_000))
  const request = random.pick([
    `GET ${path} HTTP/1.1\r\n${head}\r\n`,
    `POST ${path} HTTP/1.1\r\n${head}content-length: ${body.length}\r\n\r\n${body}`,
    `POST ${path} HTTP/1.1\r\n${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  ])
  const socket = connect(Number(new URL(app.host.address).port), '127.0.0.1')
  socket.on('error', () => undefined)
  const goodbye = random.pick([
    () => socket.destroy(),
    () => socket.resetAndDestroy(),
    () => socket.end(() => setTimeout(() => socket.destroy(), 10)),
  ])
  const sentBytes = random.once(3) ? random.integer(request.length) : request.length
  const receivedBytes = random.integer(random.once(2) ? 400 : 300_000)
  let received = 0
  let isAnswered = false
  socket.on('data', (chunk) => {
    isAnswered ||= chunk.includes('HTTP/1.1 200')
    received += chunk.length
    if (received >= receivedBytes) goodbye()
  })
  const patience = random.once(4) ? random.integer(40) : 250
  let timer: NodeJS.Timeout | undefined
  socket.on('connect', () => {
    timer = setTimeout(goodbye, patience)
  })
  socket.write(request.slice(0, sentBytes), () => {
    if (sentBytes < request.length && random.once(2)) goodbye()
  })
  return new Promise((resolve) => {
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(isAnswered ? 1 : 0)
    })
  })
}

const connectionsOf = ({ host }: App) =>
  new Promise<number>((resolve, reject) => {
    host.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })

it(`P6: ${total} clients leave at any byte, the API fails in any way, and nothing is left over`, {
  timeout: 60_000 + total * 40,
}, async (t) => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  after(() => process.off('unhandledRejection', note))
  t.diagnostic(`SOAK_SEED=${seed}`)

  const api = await startRawUpstream((socket, text) => {
    const name = /^\w+ \/([\w-]+)/.exec(text)?.[1]
    // A later piece of a body has no request line.
    if (name !== undefined) behaviours[name]?.(socket)
  })
  const app = await startApp({ config: { remotes: { api: { target: api.origin } } } })
  t.after(async () => {
    await app.close()
    await api.close()
  })
  const browser = app.browser()
  await browser.signInHere()
  const cookies = browser.jar.get('localhost') ?? new Map()
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  // Those of the sign-in, which would stay open for a while.
  app.host.server.closeIdleConnections()
  while ((await connectionsOf(app)) > 0) await sleep(5)

  const random = createSeeded(seed)
  let mostUpstream = 0
  let answered = 0
  let started = 0
  let before = 0
  const surprises: unknown[] = []
  const client = async () => {
    while (started < total) {
      started += 1
      // The log and the API of the test remember everything; the product must not.
      surprises.push(...app.log.events.filter(({ event }) => event === 'unexpected.error'))
      app.log.events.length = 0
      if (started === Math.floor(total / 4)) before = await liveMemory()
      const answer = await leave(app, cookie, random)
      answered += answer
      mostUpstream = Math.max(mostUpstream, api.sockets.size)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))

  await until(() => app.bff.remote.inFlight === 0)
  while ((await connectionsOf(app)) > 0) await sleep(5)
  await until(() => api.sockets.size <= clients)
  assert.ok(answered > total / 20, `${answered} of ${total} saw an answer of the API’s`)
  assert.ok(mostUpstream <= 3 * clients, `${mostUpstream} upstream connections at once`)
  assert.equal((await browser.call('/api/remote/api/good')).status, 200)
  assert.equal(app.bff.remote.inFlight, 0)
  assert.deepEqual(unhandled, [])
  assert.deepEqual(surprises, [])
  const grown = ((await liveMemory()) - before) / 2 ** 20
  assert.ok(grown < 16, `what is held grew by ${grown.toFixed(1)} MB`)
  t.diagnostic(
    `${answered} saw an answer; upstream connections at most ${mostUpstream}; memory held grew by ${grown.toFixed(1)} MB`,
  )
})
