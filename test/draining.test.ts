import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { type App, startApp } from './support/app.ts'
import { rawRequest } from './support/raw-http.ts'
import { until } from './support/remote-fixture.ts'

let app: App
let port: number
let head: string
let streams: ServerResponse[]

beforeEach(async () => {
  streams = []
  app = await startApp({
    config: {},
    api(request, response) {
      if (request.url === '/slow') return void streams.push(response)
      if (request.url !== '/events') return void response.end('served')
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      streams.push(response)
    },
    host: { pages: (_, response) => response.end('page') },
  })
  port = Number(new URL(app.origin).port)
  const browser = app.browser()
  await browser.signInHere()
  const cookies = [...(browser.jar.get('localhost') ?? [])].map((pair) => pair.join('='))
  head = `Host: localhost\r\nSec-Fetch-Site: same-origin\r\nCookie: ${cookies.join('; ')}\r\n`
})
afterEach(() => app.close())

const get = (target: string) => `GET ${target} HTTP/1.1\r\n${head}\r\n`

/** A connection that is kept, as fronts keep theirs. */
function keep() {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  const kept = {
    socket,
    received: '',
    isClosed: false,
    async ask(text: string): Promise<string> {
      kept.received = ''
      socket.write(text)
      await until(() => kept.isClosed || /\r\n\r\n./s.test(kept.received))
      return kept.received
    },
  }
  socket.on('error', () => undefined)
  socket.on('close', () => {
    kept.isClosed = true
  })
  socket.on('data', (chunk) => {
    kept.received += chunk
  })
  return kept
}

describe('A16: while a host drains', () => {
  const targets = ['/', '/bff/user', '/bff/health/live', '/api/remote/api/x']

  it('everything is served, on new connections and on kept ones, and each answer ends its own', async () => {
    const kept = targets.map(() => keep())
    for (const [i, target] of targets.entries()) {
      const before = (await kept[i]?.ask(get(target))) ?? ''
      assert.match(before, /^HTTP\/1\.1 200 /)
      assert.doesNotMatch(before, /connection: close/i)
    }
    app.host.drain()
    for (const [i, target] of targets.entries()) {
      const fresh = await rawRequest(port, get(target))
      assert.deepEqual([fresh.status, fresh.headers.connection], [200, 'close'], target)
      assert.match((await kept[i]?.ask(get(target))) ?? '', /^HTTP\/1\.1 200 .*Connection: close/s)
      await until(() => kept[i]?.isClosed === true)
    }
  })

  it('an answer that was under way when it began says so too', async () => {
    const call = rawRequest(port, get('/api/remote/api/slow'))
    await until(() => streams.length === 1)
    app.host.drain()
    streams[0]?.end('late')
    const { body, headers } = await call
    assert.deepEqual([body, headers.connection], ['late', 'close'])
  })

  it('a stream of events goes on until the listener closes', async () => {
    const stream = keep()
    await stream.ask(get('/api/remote/api/events'))
    app.host.drain()
    await rawRequest(port, get('/bff/user'))
    streams[0]?.write('data: 2\n\n')
    await until(() => stream.received.includes('data: 2'))
    assert.deepEqual(await app.host.close(), { forced: false })
    await until(() => stream.isClosed)
  })
})

it('A17: a health check hears no at once, by GET, HEAD and OPTIONS', async () => {
  const statusOf = async (method: string, target: string) =>
    (await rawRequest(port, `${method} ${target} HTTP/1.0\r\n\r\n`)).status
  assert.equal(await statusOf('GET', '/bff/health/ready'), 200)
  app.host.drain()
  assert.equal(await statusOf('GET', '/bff/health/ready'), 503)
  assert.equal(await statusOf('OPTIONS', '/bff/health/ready'), 503)
  assert.equal(await statusOf('HEAD', '/bff/health/live'), 200)
  for (const page of ['/', '/account', '*']) assert.equal(await statusOf('OPTIONS', page), 503)
})

describe('A16: at the end', () => {
  it('the listener goes first, idle connections last, and what still comes on them is served', async () => {
    const [used, idle, spare] = [keep(), keep(), keep()]
    await idle.ask(get('/bff/user'))
    await until(() => !spare.socket.connecting)
    const call = used.ask(get('/api/remote/api/slow'))
    await until(() => streams.length === 1)
    const closed = app.host.close()
    await until(() => !app.host.server.listening)
    // Longer than it takes to look for idle ones.
    for (let i = 0; i < 3; i += 1) await rest()
    assert.deepEqual([idle.isClosed, spare.isClosed], [false, false])
    assert.match(await idle.ask(get('/api/remote/api/x')), /^HTTP\/1\.1 200 .*Connection: close/s)
    assert.match(await spare.ask(get('/bff/user')), /^HTTP\/1\.1 200 .*Connection: close/s)
    streams[0]?.end('late')
    assert.match(await call, /late/)
    assert.deepEqual(await closed, { forced: false })
  })

  it('who has just come may still ask', async () => {
    const fresh = keep()
    await until(() => !fresh.socket.connecting)
    const closed = app.host.close()
    await until(() => !app.host.server.listening)
    await rest()
    await rest()
    assert.match(await fresh.ask(get('/bff/user')), /^HTTP\/1\.1 200 .*Connection: close/s)
    assert.deepEqual(await closed, { forced: false })
  })

  it('a stream that begins then is ended, and holds nobody up', async () => {
    const [used, idle] = [keep(), keep()]
    await idle.ask(get('/bff/user'))
    const call = used.ask(get('/api/remote/api/slow'))
    await until(() => streams.length === 1)
    const closed = app.host.close()
    await until(() => !app.host.server.listening)
    await idle.ask(get('/api/remote/api/events'))
    await until(() => idle.isClosed)
    streams[0]?.end('late')
    assert.match(await call, /late/)
    assert.deepEqual(await closed, { forced: false })
  })
})

it('A16: who was connected already when the listener closes is answered', async () => {
  const clients = 50
  const connected = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { workerData: { port, text, clients, connected }, parentPort } = require('node:worker_threads')
    let answered = 0
    let left = clients
    for (let i = 0; i < clients; i += 1) {
      const socket = require('node:net').connect(port, '127.0.0.1', () => {
        socket.write(text)
        Atomics.add(connected, 0, 1)
        Atomics.notify(connected, 0)
      })
      socket.on('error', () => undefined)
      socket.once('data', (chunk) => { answered += String(chunk).startsWith('HTTP/1.1 200 ') })
      socket.on('close', () => { left -= 1; if (left === 0) parentPort.postMessage(answered) })
    }`,
    { eval: true, workerData: { port, text: get('/bff/user'), clients, connected } },
  )
  const answered = once(worker, 'message')
  // All of them wait in the kernel's queue: nothing here takes them meanwhile.
  for (let there = 0; there < clients; there = Atomics.load(connected, 0)) {
    Atomics.wait(connected, 0, there, 1000)
  }
  assert.deepEqual(await app.host.close(), { forced: false })
  assert.deepEqual(await answered, [clients])
  await worker.terminate()
})

it('A2: a revocation that is under way is finished', async () => {
  const asked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  app.provider.override('revocation', async (_, usual) => {
    asked.resolve()
    await go.promise
    return usual()
  })
  const out = await rawRequest(
    port,
    `POST /bff/logout HTTP/1.1\r\n${head}Content-Length: 0\r\n\r\n`,
  )
  assert.ok(out.status < 400, out.body)
  await asked.promise
  const closed = app.host.close()
  let isClosed = false
  void closed.then(() => {
    isClosed = true
  })
  await until(() => !app.host.server.listening)
  for (let i = 0; i < 3; i += 1) await rest()
  assert.equal(isClosed, false)
  go.resolve()
  assert.deepEqual(await closed, { forced: false })
  assert.notEqual(app.provider.state.revoked.length, 0)
})

describe('A2: nobody holds up the end', () => {
  const asks = {
    'whose upgrade was refused': `GET /nope HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    'whose CONNECT was refused': 'CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  }
  it('who sends a head that never ends', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nX-A: a')
    await until(() => socket.bytesWritten > 0)
    await rest()
    assert.deepEqual(await app.host.close(12_000), { forced: false })
  })
  for (const [who, text] of Object.entries(asks)) {
    it(`who keeps a connection ${who}`, async () => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      socket.on('error', () => undefined)
      socket.write(text)
      await new Promise((resolve) => socket.once('data', resolve))
      assert.deepEqual(await app.host.close(10_000), { forced: false })
      socket.destroy()
    })
  }
})

const rest = () => new Promise((resolve) => setTimeout(resolve, 60))
