import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { it } from 'node:test'
import { describeOnBothHosts } from './support/both-hosts.ts'
import { until } from './support/remote-fixture.ts'

describeOnBothHosts('a connection', (at) => {
  /** Writes these bytes; what comes back is gathered. */
  function open(text: string) {
    const socket: Socket = connect(at.running.port, '127.0.0.1').setEncoding('latin1')
    const connection = { socket, received: '', isClosed: false }
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      connection.received += chunk
    })
    socket.on('close', () => {
      connection.isClosed = true
    })
    socket.write(text, 'latin1')
    return connection
  }

  const websocket = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'

  it('P6, P17: takes every call along that waits on it, whatever comes behind them', async () => {
    const behind = {
      nothing: '',
      garbage: '\u0001\u0002\r\n\r\n',
      'a CONNECT': `CONNECT a:1 HTTP/1.1\r\n${at.head}\r\n`,
      'an upgrade of a page': `GET /nope HTTP/1.1\r\n${at.head}${websocket}\r\n`,
      'an upgrade of an endpoint': `GET /bff/user HTTP/1.1\r\n${at.head}${websocket}\r\n`,
      'an upgrade of an API': `GET /api/remote/api/silent HTTP/1.1\r\n${at.head}${websocket}\r\n`,
    }
    for (const [name, last] of Object.entries(behind)) {
      const { socket } = open(`GET /api/remote/api/silent HTTP/1.1\r\n${at.head}\r\n`.repeat(5))
      await until(() => at.api.open >= 5)
      socket.write(last, 'latin1')
      // Whatever becomes of the connection, the client has left it.
      setTimeout(() => socket.destroy(), 50)
      await until(() => at.api.open === 0).catch(() => assert.fail(`${name}: ${at.api.open} open`))
    }
    await at.assertWell()
  })

  it('P13: a CONNECT gets no answer in place of one that is due first', async () => {
    const behind = open(
      `GET /api/remote/api/silent HTTP/1.1\r\n${at.head}\r\nCONNECT a:1 HTTP/1.1\r\n${at.head}\r\n`,
    )
    await until(() => behind.isClosed)
    assert.equal(behind.received, '')
    await until(() => at.api.open === 0)
  })

  it('A12: an upgrade is answered and closed, whatever it asks for', async () => {
    const upgrade = (target: string, host = 'localhost') =>
      open(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${websocket}\r\n`)
    for (const [target, status, host] of [
      ...[['/nope?code=hush', 404] as const, ['/_next/x', 404] as const],
      ...[['/', 404] as const, ['/icon.svg', 404] as const, ['/bff/user', 404] as const],
      ...[['/%?code=hush', 400] as const, ['//evil?code=hush', 400] as const],
      ...[['/x/../y', 400] as const, ['/bff//user', 400] as const],
      ...['/', '/nope', '/bff/user'].map((path) => [path, 421, 'evil.example'] as const),
    ]) {
      const answer = upgrade(target, host)
      await until(() => answer.isClosed)
      assert.match(answer.received, new RegExp(`^HTTP/1\\.1 ${status} `), `${target} at ${host}`)
      assert.match(answer.received, /"requestId"/)
    }
    const toApi = upgrade('/api/remote/api/x')
    await until(() => toApi.isClosed)
    assert.match(toApi.received, /^HTTP\/1\.1 40[034] /)
    await at.assertWell()
    assert.doesNotMatch(at.running.output(), /hush/)
  })

  it('P33: a head that never ends is 408 after 20 s', async () => {
    const slow = open('GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ')
    const drip = setInterval(() => slow.socket.write('a'), 500)
    await until(() => slow.isClosed).finally(() => clearInterval(drip))
    assert.match(slow.received, /^HTTP\/1\.1 408 .*"request_timeout"/s)
  })

  it('P13: what the parser refuses is a problem, and never a part of another answer', async () => {
    const malformed = open('GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n')
    await until(() => malformed.isClosed)
    assert.match(malformed.received, /^HTTP\/1\.1 400 .*nosniff.*"bad_request"/s)
    const large = open(`GET / HTTP/1.1\r\n${at.head}X-A: ${'a'.repeat(40_000)}\r\n\r\n`)
    await until(() => large.isClosed)
    assert.match(large.received, /^HTTP\/1\.1 431 .*"header_too_large"/s)
    const behind = open(`GET /api/remote/api/endless HTTP/1.1\r\n${at.head}\r\n`)
    await until(() => behind.received.includes('\r\n\r\n'))
    behind.socket.write('\u0001\r\n\r\n')
    await until(() => behind.isClosed)
    assert.doesNotMatch(behind.received, /bad_request/)
    await until(() => at.api.open === 0)
  })
})
