import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, beforeEach, describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { cloakroomOf } from '#lib/hosts/cloakroom.ts'
import { webBffOf } from '#lib/hosts/web-bff.ts'
import { type App, type AppBrowser, apiText, listen, startApp } from './support/app.ts'

const env = { BFF_ACCESS_LOG: 'true', BFF_TRUST_PROXY: '127.0.0.0/8,::1/128' }
const client = '203.0.113.7'
const from = { 'x-forwarded-for': client, 'x-request-id': 'access-0001' }

let app: App
let browser: AppBrowser
/** Ends the stream that the API has begun. */
let endStream = () => {}

before(async () => {
  app = await startApp({
    env,
    api(request, response) {
      if (request.url === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
        endStream = () => response.end()
      } else if (request.url === '/never') return
      else request.resume().on('end', () => response.end(apiText))
    },
  })
  browser = app.browser()
  await browser.signInHere()
})
after(() => app.close())
beforeEach(() => {
  app.log.events.length = 0
})

type Line = Record<string, unknown>

function lines(): Line[] {
  const done = app.log.events.filter(({ event }) => event === 'request.done')
  return done.map(({ fields }) => fields as unknown as Line)
}

/** The line of a request that is over. */
async function lineOf(act: () => Promise<unknown>): Promise<Line> {
  const before = lines().length
  await act()
  for (let i = 0; i < 200 && lines().length === before; i += 1) await sleep(5)
  const [line, ...more] = lines().slice(before)
  assert.ok(line)
  assert.deepEqual(more, [])
  assert.equal(typeof line.ms, 'number')
  const { ms, ...rest } = line
  return rest
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const call = (path: string, method = 'GET', more = {}) =>
  browser.call(path, { method, headers: { ...from, ...more } })

describe('A51: a line for every request, when it is over', () => {
  const size = Buffer.byteLength(apiText)
  const requestId = 'access-0001'

  test('a call, with its body, its answer and its session', async () => {
    const line = await lineOf(() =>
      browser.send(`${app.origin}/api/remote/api/x?secret=1`, {
        method: 'POST',
        from: app.origin,
        headers: { ...from, 'x-csrf': '1', 'content-type': 'text/plain' },
        body: 'twelve bytes',
      }),
    )
    const { session, ...rest } = line
    const sizes = { bytesIn: 12, bytesOut: size }
    assert.deepEqual(rest, {
      requestId,
      remote: 'api',
      method: 'POST',
      status: 200,
      ...sizes,
      client,
    })
    assert.match(String(session), /^[\w-]{16}$/)
    assert.equal((await lineOf(() => call('/bff/user'))).session, session)
    assert.ok(!JSON.stringify(lines()).includes('secret'))
  })

  test('a stranger has no session in it, and two sessions have two', async () => {
    const stranger = app.browser()
    const line = await lineOf(() => stranger.call('/api/remote/api/x', { headers: from }))
    assert.deepEqual([line.status, line.session, line.client], [401, undefined, client])
    const other = app.browser()
    await other.signInHere()
    app.log.events.length = 0
    const theirs = await lineOf(() => other.call('/bff/user'))
    assert.notEqual(theirs.session, (await lineOf(() => call('/bff/user'))).session)
  })

  for (const [path, method, expected] of [
    ['/bff/user', 'GET', { route: '/bff/user', status: 200 }],
    ['/bff/health/live', 'HEAD', { route: '/bff/health/live', status: 200, bytesOut: 0 }],
    ['/bff/user', 'DELETE', { route: '/bff/user', status: 405 }],
    ['/api/remote/nobody/x', 'GET', { route: '/api/remote', status: 404 }],
    ['/api/remote/api/%252e%252e/x', 'GET', { remote: 'api', status: 400 }],
    ['/elsewhere', 'GET', { route: 'page', status: 404 }],
    ['/a/%2e%2e%2fb', 'GET', { route: 'refused', status: 400 }],
  ] as const) {
    test(`${method} ${path}`, async () => {
      const line = await lineOf(() => call(path, method))
      assert.deepEqual({ ...line, ...expected }, line)
      assert.deepEqual([line.requestId, line.client, line.method], [requestId, client, method])
      assert.equal(line.route === undefined, 'remote' in expected)
    })
  }

  test('a stream at its end', async () => {
    let answer: Response | undefined
    const headers = { ...from, 'x-csrf': '1', cookie: cookiesOf(browser) }
    const line = await lineOf(async () => {
      answer = await fetch(`${app.origin}/api/remote/api/events`, { headers })
      await sleep(50)
      assert.equal(lines().length, 0)
      endStream()
      await answer.text()
    })
    assert.deepEqual([line.status, line.bytesOut], [200, 'data: 1\n\n'.length])
  })

  test('a client that goes away before there is an answer', async () => {
    const headers = { ...from, 'x-csrf': '1', cookie: cookiesOf(browser) }
    const line = await lineOf(async () => {
      const signal = AbortSignal.timeout(100)
      await fetch(`${app.origin}/api/remote/api/never`, { headers, signal }).catch(() => {})
    })
    assert.equal(line.status, 499)
  })

  test('a WebSocket when it is closed', async (t) => {
    const sockets = new WebSocketServer({ port: 0 })
    sockets.on('connection', (socket) => socket.on('message', () => socket.send('answer')))
    t.after(() => sockets.close())
    const { port } = sockets.address() as { port: number }
    const config = {
      remotes: { api: { target: `http://127.0.0.1:${port}`, websocket: true, token: 'none' } },
    } as const
    const one = await startApp({ env, config })
    t.after(() => one.close())
    const done = () => one.log.events.filter(({ event }) => event === 'request.done')
    const socket = new WebSocket(`${one.origin.replace('http', 'ws')}/api/remote/api/s`, {
      origin: one.origin,
      headers: from,
    })
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('question')
    await new Promise((resolve) => socket.once('message', resolve))
    assert.equal(done().length, 0)
    socket.terminate()
    while (done().length === 0) await sleep(5)
    const { status, remote, bytesIn, bytesOut } = (done()[0]?.fields ?? {}) as unknown as Line
    assert.deepEqual([status, remote], [101, 'api'])
    assert.ok(Number(bytesIn) >= 8 && Number(bytesOut) >= 6, `${bytesIn} ${bytesOut}`)
  })
})

test('A51: in a server of one’s own, its own APIs among them', async (t) => {
  const cloakroom = cloakroomOf({
    bff: { ...app.bff, close: async () => {} },
    log: app.log,
    reload: app.reload,
  })
  const local = cloakroom.protect((_request, response) => void response.end('ours'))
  const server = createServer((request, response) => {
    if (request.url === '/local') void local(request, response)
    else cloakroom.handler(request, response)
  })
  const origin = (await listen(server)).replace('127.0.0.1', 'localhost')
  t.after(() => server.close())
  for (const [path, place] of [
    ['/api/remote/api/x', { remote: 'api' }],
    ['/bff/user', { route: '/bff/user' }],
    ['/local', { route: 'local' }],
  ] as const) {
    const headers = { ...from, 'sec-fetch-site': 'same-origin' }
    const line = await lineOf(() => browser.send(`${origin}${path}`, { dest: 'empty', headers }))
    assert.deepEqual({ ...line, ...place, status: 200, client }, line, path)
  }
})

test('A51: by Request and Response, its own APIs among them', async () => {
  const web = webBffOf(
    async () => ({ bff: app.bff, log: app.log, reload: app.reload }) as never,
    () => app.bff.settings,
  )
  const route = web.route(() => Response.json({ ours: true }))
  const ask = (path: string) => {
    const headers = { ...from, 'sec-fetch-site': 'same-origin', cookie: cookiesOf(browser) }
    return new Request(`${app.origin}${path}`, { headers })
  }
  for (const [path, place] of [
    ['/api/remote/api/x', { remote: 'api' }],
    ['/bff/user', { route: '/bff/user' }],
    ['/a/%2e%2e%2fb', { route: 'refused', status: 400, bytesOut: 0 }],
    ['/local', { route: 'local', bytesOut: 13 }],
  ] as const) {
    const info = { clientAddress: '127.0.0.1' }
    const answer = () => (path === '/local' ? route(ask(path)) : web.fetch(ask(path), info))
    const line = await lineOf(async () => (await answer()).text())
    const { bytesOut } = 'status' in place ? line : { bytesOut: undefined }
    const known = { status: 200, ...place, ...(bytesOut === undefined ? {} : { bytesOut }) }
    assert.deepEqual({ ...line, ...known }, line, path)
  }
})

test('A51: is off unless it is asked for', async (t) => {
  const one = await startApp()
  t.after(() => one.close())
  await one.browser().call('/bff/user')
  assert.ok(!one.log.events.some(({ event }) => event === 'request.done'))
})

function cookiesOf({ jar }: AppBrowser): string {
  return [...(jar.get('localhost') ?? [])].map((it) => it.join('=')).join('; ')
}
