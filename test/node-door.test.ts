import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { type Cloakroom, cloakroomOf } from '#lib/hosts/cloakroom.ts'
import { StoreUnavailableError } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, listen, startApp } from './support/app.ts'

const listed = 'https://spa.example'
const fromPage = { dest: 'empty', headers: { 'sec-fetch-site': 'same-origin' } } as const

let app: App
let cloakroom: Cloakroom
let isDown: boolean
let answerApi: (request: IncomingMessage, response: ServerResponse) => void
let server: Server
let origin: string
/** What the app's own server does with a request that Cloakroom hands on. */
let rest: (request: IncomingMessage, response: ServerResponse) => unknown

before(async () => {
  const store = createMemoryStore()
  const { get } = store
  store.get = (key) => {
    if (isDown) throw new StoreUnavailableError(undefined)
    return get(key)
  }
  app = await startApp({
    config: { spa: { origins: [listed] } },
    store,
    api: (request, response) => answerApi(request, response),
  })
})
after(() => app.close())

beforeEach(async () => {
  isDown = false
  answerApi = (_, response) => response.end('from the API')
  rest = (_, response) => response.end('the app')
  cloakroom = cloakroomOf({ ...app, bff: { ...app.bff, close: async () => {} } })
  server = createServer((request, response) =>
    cloakroom.handler(request, response, (error) => {
      if (error) response.writeHead(500).end(String(error))
      else rest(request, response)
    }),
  )
  server.on('upgrade', (request, socket, head) => {
    if (!cloakroom.upgrade(request, socket, head)) socket.end('the app upgrades')
  })
  origin = (await listen(server)).replace('127.0.0.1', 'localhost')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function signedIn(): Promise<AppBrowser> {
  const browser = app.browser()
  await browser.signInHere()
  return browser
}

describe('the handler in a server of one’s own', () => {
  test('A21: answers endpoints and remote APIs, and hands everything else on', async () => {
    const browser = await signedIn()
    const user = await browser.send(`${origin}/bff/user`, fromPage)
    assert.match(user.body, /"alice"/)
    const api = await browser.send(`${origin}/api/remote/api/x?y=%20`, fromPage)
    assert.equal(api.body, 'from the API')
    assert.equal(app.apiRequests.at(-1)?.url, '/x?y=%20')
    for (const path of ['/', '/bff/nothing', '/api/own', '/bff']) {
      assert.equal((await browser.send(`${origin}${path}`, fromPage)).body, 'the app', path)
    }
    const put = await browser.send(`${origin}/todos/1`, { method: 'PUT', ...fromPage })
    assert.equal(put.body, 'the app')
  })

  test('A21: goes by the address that came, wherever it is mounted', async () => {
    const { handler } = cloakroom
    const mounted: Cloakroom['handler'] = (request, response, next) => {
      const received = request.url ?? '/'
      Object.assign(request, { originalUrl: received, url: received.replace('/bff', '') })
      handler(request, response, next)
    }
    cloakroom = { ...cloakroom, handler: mounted }
    const user = await (await signedIn()).send(`${origin}/bff/user`, fromPage)
    assert.match(user.body, /"alice"/)
  })

  test('A21: without a next, what is not ours is 404', async () => {
    const { handler } = cloakroom
    cloakroom = { ...cloakroom, handler: (request, response) => handler(request, response) }
    const answer = await app.browser().send(`${origin}/todos`, fromPage)
    assert.equal(answer.status, 404)
  })

  test('A21: says so when a body was read before it, and asks no API', async () => {
    const { handler } = cloakroom
    const parsed: Cloakroom['handler'] = (request, response, next) => {
      request.resume().on('end', () => handler(request, response, next))
    }
    cloakroom = { ...cloakroom, handler: parsed }
    const asked = app.apiRequests.length
    const browser = await signedIn()
    const post = { method: 'POST', body: 'a=1', ...fromPage }
    const answer = await browser.send(`${origin}/api/remote/api/x`, post)
    assert.equal(answer.status, 500)
    assert.match(answer.body, /before body parsers/)
    assert.equal(app.apiRequests.length, asked)
    const get = await browser.send(`${origin}/api/remote/api/x`, fromPage)
    assert.equal(get.status, 200)
  })

  test('A21: an upgrade that is not ours is left to the app', async () => {
    const headers = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    assert.equal(await rawAnswer(`GET /hmr HTTP/1.1\r\n${headers}`), 'the app upgrades')
    const ours = await rawAnswer(`GET /api/remote/api/x HTTP/1.1\r\n${headers}`)
    assert.match(ours, /^HTTP\/1\.1 4\d\d /)
  })
})

function rawAnswer(text: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1', () => socket.write(text))
  return new Promise((resolve, reject) => {
    let received = ''
    socket.on('data', (data) => {
      received += data
    })
    socket.on('end', () => resolve(received)).on('error', reject)
  })
}

describe('an API of one’s own', () => {
  let calls: number
  beforeEach(() => {
    calls = 0
    rest = cloakroom.protect((_request, response, session) => {
      calls += 1
      const { sub, claims, expiresIn, sid } = session
      response.end(JSON.stringify({ sub, claims, expiresIn, sid }))
    })
  })

  const refusals = [
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403, 'csrf_check_failed'],
    ['a sibling', { 'sec-fetch-site': 'same-site' }, 403, 'csrf_check_failed'],
    ['an old browser without the header', {}, 403, 'csrf_check_failed'],
    ['an origin that is not listed', { origin: 'https://evil.example', 'x-csrf': '1' }, 403, ''],
    ['null', { origin: 'null', 'x-csrf': '1' }, 403, 'csrf_check_failed'],
  ] as const
  for (const [who, headers, status, code] of refusals) {
    test(`A22: the CSRF rule keeps out ${who}`, async () => {
      const browser = await signedIn()
      for (const method of ['GET', 'POST']) {
        const clean = { 'sec-fetch-site': undefined, origin: undefined, ...headers }
        const answer = await browser.send(`${origin}/todos`, { method, headers: clean })
        assert.equal(answer.status, status)
        assert.match(answer.body, new RegExp(code))
      }
      assert.equal(calls, 0)
    })
  }

  test('A22: nobody is 401, a store that is down is 503, and neither reaches the handler', async () => {
    const browser = await signedIn()
    const nobody = await app.browser().send(`${origin}/todos`, fromPage)
    assert.equal(nobody.status, 401)
    assert.equal(JSON.parse(nobody.body).code, 'not_signed_in')
    isDown = true
    const down = await browser.send(`${origin}/todos`, fromPage)
    assert.equal(down.status, 503)
    assert.equal(down.headers.get('retry-after'), '4')
    assert.equal(calls, 0)
    isDown = false
    assert.equal((await browser.send(`${origin}/todos`, fromPage)).status, 200)
    for (const { headers } of [nobody, down]) {
      assert.match(headers.get('cache-control') ?? '', /no-store/)
    }
  })

  test('A22: the handler gets who is signed in, and its answer is kept by no cache', async () => {
    const answer = await (await signedIn()).send(`${origin}/todos`, fromPage)
    const { sub, claims, expiresIn } = JSON.parse(answer.body)
    assert.equal(sub, 'alice')
    assert.equal(claims.sub, 'alice')
    assert.ok(expiresIn > 60 && Number.isInteger(expiresIn))
    assert.match(answer.headers.get('cache-control') ?? '', /no-store/)
    assert.match(answer.headers.get('vary') ?? '', /Cookie/)
  })

  test('A22: a listed origin has its preflight answered, and may read', async () => {
    const browser = await signedIn()
    const asked = { origin: listed, 'access-control-request-method': 'PUT' }
    const preflight = await browser.send(`${origin}/todos`, { method: 'OPTIONS', headers: asked })
    assert.equal(preflight.status, 204)
    assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PUT/)
    const headers = { origin: listed, 'sec-fetch-site': 'cross-site', 'x-csrf': '1' }
    const answer = await browser.send(`${origin}/todos`, { dest: 'empty', headers })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('access-control-allow-origin'), listed)
    assert.match(answer.headers.get('vary') ?? '', /Origin/)
  })

  test('A22: the session calls APIs as its user, and can be ended', async () => {
    answerApi = (request, response) => response.end(request.headers.authorization)
    rest = cloakroom.protect(async (_request, response, session) => {
      const answer = await session.fetch(`${app.origin.replace(/\d+$/, '')}${apiPort()}/x`)
      const token = await session.token()
      assert.ok(token.kind === 'bearer')
      assert.equal(await answer.text(), `Bearer ${token.token}`)
      const ended = [await session.end(), await session.end()]
      response.end(JSON.stringify(ended))
    })
    const browser = await signedIn()
    assert.equal((await browser.send(`${origin}/todos`, fromPage)).body, '[true,false]')
    assert.equal((await browser.send(`${origin}/todos`, fromPage)).status, 401)
  })

  test('A22: what a handler throws goes to next, and is 500 without one', async () => {
    rest = cloakroom.protect(async () => {
      throw new Error('broken')
    })
    const browser = await signedIn()
    assert.equal((await browser.send(`${origin}/todos`, fromPage)).status, 500)
    const told: unknown[] = []
    const handler = cloakroom.protect(() => {
      throw new Error('broken too')
    })
    rest = (request, response) =>
      handler(request, response, (error) => {
        told.push(error)
        response.end()
      })
    await browser.send(`${origin}/todos`, fromPage)
    assert.match(String(told), /broken too/)
    const failures = app.log.events.filter(({ event }) => event === 'unexpected.error')
    assert.equal(failures.length, 1)
  })

  test('A22: session() reads in a navigation too, and extends nothing', async () => {
    rest = async (request, response) => {
      const session = await cloakroom.session(request)
      response.end(JSON.stringify(session?.expiresIn ?? null))
    }
    const browser = await signedIn()
    const first = Number((await browser.send(`${origin}/page`)).body)
    app.advance(600_000)
    const second = Number((await browser.send(`${origin}/page`)).body)
    assert.ok(second <= first - 600, `${second} after ${first}`)
    assert.equal((await app.browser().send(`${origin}/page`)).body, 'null')
  })
})

function apiPort(): string {
  return new URL(app.bff.settings.remotes.api?.target ?? '').port
}

describe('its end', () => {
  for (const path of ['/api/remote/api/x', '/todos']) {
    test(`A23: close waits for a call of ${path}`, async () => {
      const arrived = Promise.withResolvers<ServerResponse>()
      answerApi = (_, response) => arrived.resolve(response)
      rest = cloakroom.protect((_request, response) => arrived.resolve(response))
      const call = (await signedIn()).send(`${origin}${path}`, fromPage)
      const held = await arrived.promise
      let isClosed = false
      const closed = cloakroom.close().then((end) => {
        isClosed = true
        return end
      })
      await new Promise(setImmediate)
      assert.equal(isClosed, false)
      held.end('done')
      assert.equal((await call).body, 'done')
      assert.deepEqual(await closed, { forced: false })
      assert.equal(cloakroom.close(), cloakroom.close())
    })
  }

  test('A23: what does not end in time is cut', async () => {
    const arrived = Promise.withResolvers<void>()
    rest = cloakroom.protect(() => arrived.resolve())
    const call = (await signedIn()).send(`${origin}/todos`, fromPage)
    const cut = assert.rejects(call)
    await arrived.promise
    assert.deepEqual(await cloakroom.close(1), { forced: true })
    await cut
  })

  test('A37: a port that is taken is told to a server of one’s own', async () => {
    await assert.rejects(
      cloakroom.listen(),
      /- PORT is \d+ at [^\n]+, which another process uses: /,
    )
  })
})
