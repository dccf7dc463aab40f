import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type App, startApp } from './support/app.ts'
import { until } from './support/remote-fixture.ts'

describe('P6: connections with more than one request on them', () => {
  let app: App
  let head: string
  const pending: ServerResponse[] = []

  before(async () => {
    app = await startApp({ api: (_, response) => pending.push(response) })
    const browser = app.browser()
    await browser.signInHere()
    const cookies = [...(browser.jar.get('localhost') ?? [])].map(
      ([name, value]) => `${name}=${value}`,
    )
    head = `Host: localhost\r\nSec-Fetch-Site: same-origin\r\nCookie: ${cookies.join('; ')}\r\n`
  })
  beforeEach(() => pending.splice(0))
  after(() => app.close())

  const get = (path: string) => `GET ${path} HTTP/1.1\r\n${head}\r\n`
  const call = (name: string) => get(`/api/remote/api/${name}`)
  const upgrade = (path: string) =>
    `GET ${path} HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`

  function open(text: string): {
    socket: Socket
    received: () => string
    closed: Promise<unknown>
  } {
    const socket = connect(Number(new URL(app.host.address).port), '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1')
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      received += chunk
    })
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.write(text)
    return { socket, received: () => received, closed }
  }

  const behind = {
    'an upgrade at a remote': () => upgrade('/api/remote/api/socket'),
    'an upgrade at a page': () => upgrade('/'),
    'a CONNECT': () => `CONNECT other:443 HTTP/1.1\r\n${head}\r\n`,
    nothing: () => '',
    garbage: () => '\u0000\r\n\r\n',
  }
  for (const [name, last] of Object.entries(behind)) {
    it(`ends the calls that wait on a connection when ${name} comes behind them`, async () => {
      const { socket } = open(call('a') + call('b') + call('c'))
      await until(() => pending.length === 3)
      assert.equal(app.bff.remote.inFlight, 3)
      socket.write(last())
      // Whatever becomes of the connection, the client has left it.
      setTimeout(() => socket.destroy(), 20)
      await until(() => app.bff.remote.inFlight === 0)
      await until(() => pending.every((response) => response.destroyed))
    })
  }

  it('takes an upgrade behind an unanswered call for a plain request, and answers in order', async () => {
    const { socket, received } = open(call('first') + upgrade('/api/remote/api/second'))
    await until(() => pending.length === 2)
    pending[1]?.end('SECOND')
    pending[0]?.end('FIRST')
    await until(() => received().includes('SECOND'))
    assert.match(received(), /^HTTP\/1\.1 200 .*FIRST.*HTTP\/1\.1 200 .*SECOND/s)
    socket.destroy()
  })

  it('survives clients that reset their connection after asking for an upgrade', async () => {
    for (const path of ['/api/remote/api/socket', '/']) {
      for (let turns = 0; turns < 60; turns += 1) {
        const { socket, closed } = open(upgrade(path))
        await new Promise((resolve) => socket.on('connect', resolve))
        for (let i = 0; i < turns % 6; i += 1) await new Promise(setImmediate)
        socket.resetAndDestroy()
        await closed
      }
    }
    assert.equal((await app.browser().call('/bff/user')).status, 401, 'still there')
  })
})
