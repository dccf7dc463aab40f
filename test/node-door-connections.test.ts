import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { connect as connectSecurely } from 'node:tls'
import { type Cloakroom, cloakroomOf } from '#lib/hosts/cloakroom.ts'
import { StoreUnavailableError } from '#lib/store/key-value.ts'
import { type App, listen, startApp } from './support/app.ts'
import { until } from './support/remote-fixture.ts'
import { selfSigned } from './support/self-signed.ts'

/** Calls that are open at the API, whose answers never end. */
let open = 0
const api = createServer((_, response) => {
  open += 1
  response.once('close', () => {
    open -= 1
  })
  response.write('begun')
})
api.on('upgrade', (_, socket) => {
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  )
})

let app: App
let cloakroom: Cloakroom
let server: Server
let rest: (request: IncomingMessage, response: ServerResponse) => unknown

before(async () => {
  const target = await listen(api)
  app = await startApp({ config: { remotes: { api: { target, token: 'none', websocket: true } } } })
})
after(async () => {
  await app.close()
  api.closeAllConnections()
  api.close()
})
beforeEach(async () => {
  rest = (_, response) => response.end('the app')
  cloakroom = cloakroomOf({
    bff: { ...app.bff, close: async () => {} },
    log: app.log,
    reload: app.reload,
  })
  server = createServer((request, response) =>
    cloakroom.handler(request, response, () => rest(request, response)),
  )
  server.on('upgrade', cloakroom.upgrade)
  await listen(server)
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const call =
  'GET /api/remote/api/x HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n\r\n'
const websocket = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nOrigin: ${app.origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`

function dial(): { socket: Socket; received: () => string } {
  const { port } = server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk
  })
  return { socket, received: () => received }
}

const closed = (socket: Socket) => until(() => socket.closed, 5000)

describe('connections of a server of one’s own', () => {
  for (const [what, last] of [
    ['a CONNECT', () => 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an upgrade of ours', () => websocket('/api/remote/api/x')],
    ['an upgrade of nobody', () => websocket('/hmr')],
  ] as const) {
    test(`A63: calls that wait behind ${what} end with their connection`, async () => {
      const { socket } = dial()
      socket.write(call.repeat(20))
      await until(() => open === 20)
      socket.write(last())
      socket.end()
      await until(() => open === 0)
      assert.deepEqual(await cloakroom.close(10_000), { forced: false })
    })
  }

  test('A63: no other protocol begins within an answer', async () => {
    const { socket, received } = dial()
    socket.write(call)
    await until(() => received().includes('begun'))
    socket.write(websocket('/api/remote/api/x'))
    await until(() => socket.closed || received().includes('101 Switching'))
    assert.doesNotMatch(received(), /101 Switching/)
  })

  test('A63: an upgrade that nobody listens for is refused, and one that is invited by is served', async () => {
    const { socket, received } = dial()
    socket.write(websocket('/hmr'))
    await closed(socket)
    assert.match(received(), /^HTTP\/1\.1 404 /)

    rest = async (request, response) => {
      const { upgrade, connection } = request.headers
      response.end(JSON.stringify([await text(request), upgrade, connection]))
    }
    const invited = dial()
    const body = 'x'.repeat(100_000)
    invited.socket.write(
      `POST /todos HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, X-Hop\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await closed(invited.socket)
    assert.match(invited.received(), /^HTTP\/1\.1 200 /)
    assert.ok(invited.received().includes(`["${body}",null,"close, X-Hop"]`))
  })

  test('A63: an invitation over TLS is passed by as well', async (t) => {
    const secure = createSecureServer(await selfSigned('localhost'), (request, response) =>
      cloakroom.handler(request, response, () => response.end('the app')),
    )
    t.after(() => secure.close())
    secure.on('upgrade', cloakroom.upgrade)
    const port = Number(new URL(await listen(secure)).port)
    const socket = connectSecurely({ port, host: '127.0.0.1', rejectUnauthorized: false })
    let received = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk
    })
    socket.on('error', () => undefined)
    socket.write(
      'GET /todos HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    )
    await closed(socket)
    assert.match(received, /^HTTP\/1\.1 200 [\s\S]*the app/)
  })

  test('A63: a provider’s sign-out is heard, whatever else it invites to', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const token = await app.provider.signLogoutToken({ sub: 'alice', sid: undefined })
    const body = `logout_token=${token}`
    for (const [listeners, more] of [
      ['alone', []],
      ['beside another', [() => undefined]],
    ] as const) {
      for (const listener of more) server.on('upgrade', listener)
      const { socket, received } = dial()
      socket.write(
        `POST /bff/backchannel HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      await closed(socket)
      // The token is good once.
      const status = listeners === 'alone' ? 200 : 400
      assert.match(received(), new RegExp(`^HTTP/1\\.1 ${status} `), listeners)
    }
    assert.equal(await browser.user(), undefined)
  })

  test('A64: what follows the handler may fail, which ends an answer and no process', async () => {
    const { port } = server.address() as { port: number }
    for (const [failure, status] of [
      [new TypeError('Invalid URL'), 500],
      [new StoreUnavailableError(undefined), 503],
    ] as const) {
      for (const fails of [
        () => {
          throw failure
        },
        async () => {
          throw failure
        },
      ]) {
        rest = fails
        const answer = await fetch(`http://127.0.0.1:${port}//todos`, {
          signal: AbortSignal.timeout(5000),
        })
        assert.equal(answer.status, status)
      }
    }
    rest = (_, response) => {
      response.write('half')
      throw new Error('later')
    }
    await assert.rejects(async () => (await fetch(`http://127.0.0.1:${port}/todos`)).text())
  })
})
