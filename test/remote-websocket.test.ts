import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { createApiCookieJar } from '#lib/session/api-cookie-jar.ts'
import { startRemote, startUpstream, until } from './support/remote-fixture.ts'

/** An API that accepts every WebSocket and sends back the bytes it gets. */
async function startEchoUpstream(
  onUpgrade?: (request: IncomingMessage, socket: Socket) => boolean,
) {
  const upstream = await startUpstream()
  const sockets = new Set<Socket>()
  upstream.server.on('upgrade', (request, socket, head) => {
    upstream.requests.push(request)
    sockets.add(socket as Socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket as Socket))
    if (onUpgrade && !onUpgrade(request, socket as Socket)) return
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\nSet-Cookie: leak=1\r\n\r\n`,
    )
    socket.write(head)
    socket.pipe(socket)
  })
  return { ...upstream, sockets }
}

interface OpenOptions {
  origin?: string
  cookie?: string
  path?: string
  trailing?: string
}

function open(port: number, options: OpenOptions = {}) {
  const { origin = 'https://app.example', cookie = 'sid=alice', path = '/chat' } = options
  const socket = connect(port, '127.0.0.1')
  const state = { socket, received: '', isClosed: false }
  socket.on('error', () => undefined)
  socket.on('data', (data) => {
    state.received += data.toString('latin1')
  })
  socket.on('close', () => {
    state.isClosed = true
  })
  socket.write(
    `GET /api/remote/api${path} HTTP/1.1\r\nHost: app.example\r\nConnection: keep-alive, Upgrade\r\n` +
      `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
      (origin === '' ? '' : `Origin: ${origin}\r\n`) +
      (cookie === '' ? '' : `Cookie: ${cookie}\r\n`) +
      `\r\n${options.trailing ?? ''}`,
  )
  return state
}

const statusOf = (received: string) => Number(received.split(' ')[1])

describe('P11: WebSockets on the Node host', () => {
  it('P26: takes cookies of the API along, unless they are another’s', async () => {
    const upstream = await startEchoUpstream()
    const remote = { target: upstream.origin, websocket: true, cookies: ['csrf'] }
    const publicOrigin = 'https://app.example'
    const fixture = await startRemote({ remotes: [remote], publicOrigin })
    const owner = { who: 'somebody', signIn: 'once' }
    const [mark = ''] = createApiCookieJar(publicOrigin, 'bff').write({ owner })
    for (const cookie of ['sid=alice; csrf=1', `sid=alice; csrf=2; ${mark.split(';')[0]}`]) {
      const client = open(fixture.port, { cookie })
      await until(() => statusOf(client.received) === 101)
      client.socket.end()
    }
    const sent = upstream.requests.map(({ headers }) => headers.cookie)
    assert.deepEqual(sent, ['csrf=1', undefined])
    await until(() => upstream.sockets.size === 0)
    await fixture.close()
    await upstream.close()
  })

  it('joins both directions and attaches the token, not the cookie', async () => {
    const upstream = await startEchoUpstream()
    const fixture = await startRemote({ remotes: [{ target: upstream.origin, websocket: true }] })
    const client = open(fixture.port, { trailing: 'early ' })
    await until(() => client.received.endsWith('early '))
    client.socket.write('late')
    await until(() => client.received.endsWith('early late'))
    assert.equal(statusOf(client.received), 101)
    assert.match(client.received, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i)
    assert.doesNotMatch(client.received, /leak/)
    const { headers, url } = upstream.requests[0] as IncomingMessage
    assert.equal(url, '/chat')
    assert.equal(headers.authorization, 'Bearer token-of-alice')
    assert.equal(headers.cookie, undefined)
    assert.equal(headers['x-forwarded-host'], 'app.example')
    client.socket.end()
    await until(() => client.isClosed && upstream.sockets.size === 0)
    await fixture.close()
    await upstream.close()
  })

  it('refuses every origin but our own, nobody’s session, and a remote that is not for it', async () => {
    const upstream = await startEchoUpstream()
    const target = upstream.origin
    const remotes = [
      { target, websocket: true },
      { target, name: 'plain' },
    ]
    const fixture = await startRemote({ remotes })
    for (const [options, status] of [
      [{ origin: '' }, 403],
      [{ origin: 'null' }, 403],
      [{ origin: 'https://app.example.evil.example' }, 403],
      [{ origin: 'http://app.example' }, 403],
      [{ cookie: '' }, 401],
      [{ path: '/../plain/x' }, 400],
    ] as const) {
      const client = open(fixture.port, options)
      await until(() => client.isClosed)
      assert.equal(statusOf(client.received), status, JSON.stringify(options))
      assert.match(client.received, /application\/problem\+json/)
    }
    const plain = connect(fixture.port, '127.0.0.1')
    plain.write(
      'GET /api/remote/plain/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    const [answer] = await new Promise<Buffer[]>((resolve) =>
      plain.once('data', (data) => resolve([data])),
    )
    assert.equal(statusOf(String(answer)), 404)
    assert.equal(upstream.requests.length, 0)
    await fixture.close()
    await upstream.close()
  })

  it('closes both sides when the session ends, and only then', async () => {
    const upstream = await startEchoUpstream()
    let signedIn = true
    let looks = 0
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin, websocket: true, token: 'user-or-none' }],
      sessionCheckMs: 5,
      readSession(cookie, mode) {
        if (mode === 'peek') looks += 1
        if (cookie === undefined || !signedIn) return { kind: 'none' }
        return { kind: 'session', session: { record: { sub: 'alice' } } as never }
      },
    })
    const client = open(fixture.port)
    const stranger = open(fixture.port, { cookie: '' })
    await until(() => looks > 3 && statusOf(stranger.received) === 101)
    assert.equal(client.isClosed, false)
    signedIn = false
    await until(() => client.isClosed && upstream.sockets.size === 1)
    assert.equal(stranger.isClosed, false)
    await fixture.close()
    await until(() => stranger.isClosed && upstream.sockets.size === 0)
    await upstream.close()
  })

  it('tries once more with a new token, and then passes the refusal on', async () => {
    const upstream = await startEchoUpstream((request, socket) => {
      if (request.headers.authorization === 'Bearer new') return true
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
      return false
    })
    for (const [renewed, status, calls] of [
      ['new', 101, 2],
      ['bad', 401, 2],
    ] as const) {
      upstream.requests.length = 0
      const fixture = await startRemote({
        remotes: [{ target: upstream.origin, websocket: true }],
        userToken: (_, { rejected }) => ({ kind: 'bearer', token: rejected ? renewed : 'old' }),
      })
      const client = open(fixture.port)
      await until(() => client.received.includes('\r\n\r\n'))
      assert.equal(statusOf(client.received), status)
      assert.equal(upstream.requests.length, calls)
      client.socket.destroy()
      await fixture.close()
    }
    await upstream.close()
  })

  it('breaks the client’s side when the API’s breaks, and answers 502 when there is no API', async () => {
    const upstream = await startEchoUpstream()
    const fixture = await startRemote({ remotes: [{ target: upstream.origin, websocket: true }] })
    const client = open(fixture.port)
    await until(() => statusOf(client.received) === 101)
    for (const socket of upstream.sockets) socket.resetAndDestroy()
    await until(() => client.isClosed)
    await upstream.close()
    const refused = open(fixture.port)
    await until(() => refused.isClosed)
    assert.equal(statusOf(refused.received), 502)
    await fixture.close()
  })
})
