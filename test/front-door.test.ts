import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { bodyDeadlineMs } from '#lib/hosts/body-limit.ts'
import { createFrontDoor } from '#lib/hosts/front-door.ts'
import { createNextHost } from '#lib/hosts/next.ts'
import { keepRawTargets } from '#lib/hosts/next-raw-target.ts'
import { sharedEngine } from '#lib/hosts/start-engine.ts'
import { type App, listen, startApp } from './support/app.ts'
import { rawRequest } from './support/raw-http.ts'
import { until } from './support/remote-fixture.ts'

const settings = {
  publicOrigin: 'http://localhost:3000',
  root: '',
  basePath: '/bff',
  spa: { origins: [], protectedPages: [], pageMaxBodyBytes: 1024 * 1024, csp: 'default' as const },
}
const handlesPath = (path: string) => path.startsWith('/bff/')
const isDraining = () => false
const remote = { handles: (target: string) => target.startsWith('/api/remote/') }

/** Sends a head, then a byte every few milliseconds for as long as the connection stands; what is answered. */
async function drip(port: number, head: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  let received = ''
  socket.on('data', (data) => {
    received += data
  })
  socket.write(`${head}\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n`)
  let sent = 0
  const timer = setInterval(() => {
    sent += 1
    if (sent < 400) socket.write('x')
    else socket.destroy()
  }, 5)
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(timer)
  assert.ok(sent < 400, 'it goes on for ever')
  return received
}

describe('P22: whoever never ends a request', () => {
  const targets = ['/bff/callback', '/bff/backchannel', '/bff/logout', '/', '/api/own']
  let app: App
  let ended = 0
  before(async () => {
    app = await startApp({
      host: {
        bodyDeadlineMs: 200,
        pages: (request) => {
          request.resume()
          request.on('error', () => undefined)
          request.on('close', () => {
            ended += 1
          })
        },
      },
    })
  })
  after(() => app.close())

  for (const target of targets) {
    it(`is cut after a time that counts in all, at ${target}`, async () => {
      const form = '\r\nContent-Type: application/x-www-form-urlencoded'
      app.log.events.length = 0
      const port = Number(new URL(app.origin).port)
      const answer = await drip(port, `POST ${target} HTTP/1.1${form}`)
      // The provider of a logout token hears 400 whatever is wrong with it; who signs out is not read at all.
      const status = { '/bff/backchannel': 400, '/bff/logout': 403 }[target] ?? 408
      assert.match(
        answer,
        new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*\r\nconnection: close\r\n`, 'i'),
      )
      const told = app.log.events.filter(({ event }) => event !== 'provider.discovered')
      if (target === '/bff/callback') {
        assert.deepEqual(
          told.map(({ fields }) => (fields as Record<string, unknown>).code),
          ['request_timeout'],
        )
      }
      if (target === '/bff/backchannel') {
        assert.deepEqual(
          told.map(({ fields }) => (fields as Record<string, unknown>).reason),
          ['a form that came too slowly'],
        )
      }
    })
  }

  it('is gone for the pages too, and whoever ends it in time is served', async () => {
    await until(() => ended === 2)
    assert.equal((await app.browser().call('/bff/health/live')).status, 200)
  })

  it('and whoever sends too much hears 413, where no length was announced', async () => {
    const form = 'Content-Type: application/x-www-form-urlencoded\r\nHost: localhost\r\n'
    for (const target of ['/bff/callback', '/bff/login']) {
      const chunks = `8000\r\n${'x'.repeat(0x8000)}\r\n`.repeat(3)
      const { status, headers } = await rawRequest(
        Number(new URL(app.origin).port),
        `POST ${target} HTTP/1.1\r\n${form}Transfer-Encoding: chunked\r\n\r\n${chunks}`,
      )
      assert.deepEqual([status, headers.connection], [413, 'close'], target)
    }
  })

  it('has 20 seconds', () => assert.equal(bodyDeadlineMs, 20_000))
})

describe('the front door of the Next host', () => {
  it('P22: whoever never ends a request is cut', async (t) => {
    const frontDoor = createFrontDoor({ settings, handlesPath, remote, isDraining })
    keepRawTargets(() => frontDoor, {
      bodyDeadlineMs: 200,
    })
    const server = createServer((request) => void request.on('error', () => undefined).resume())
    const port = Number(new URL(await listen(server)).port)
    t.after(() => server.close())
    for (const target of ['/', '/bff/callback']) {
      assert.match(await drip(port, `POST ${target} HTTP/1.1`), /^HTTP\/1.1 408 /)
    }
  })

  it('P19: is shut on the Node host, where nothing of ours goes through Next', async () => {
    const remote = {
      handle: assert.fail,
      handles: (path: string) => path.startsWith('/api/remote/'),
    }
    const its = { handlesPath, handle: assert.fail, remote }
    const bff = { ...its, frontends: { of: () => its } }
    await sharedEngine(async () => ({ ok: true, host: 'node', bff, log: undefined }) as never)
    const { handle } = createNextHost({})
    const options = { after: () => assert.fail('nothing is left to do') }
    const origin = 'http://localhost:3000'
    for (const answer of [
      await handle(new Request(`${origin}/api/remote/api/x`), options),
      await handle(new Request(`${origin}/bff/user`), options),
    ]) {
      assert.equal(answer.status, 400)
      assert.equal((await answer.json()).code, 'bad_path')
    }
  })
})

describe('A13: the name that we are called by', () => {
  const refusal = (publicOrigin: string, host?: string, target = '/bff/user') => {
    const rawHeaders = host === undefined ? [] : ['HOST', host]
    return createFrontDoor({
      settings: { ...settings, publicOrigin },
      handlesPath,
      remote,
      isDraining,
    }).refusalOf({ method: 'GET', target, rawHeaders })
  }
  it('is one of loopback, where the public origin is', () => {
    const origins = ['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:80']
    for (const origin of [...origins, 'https://app.localhost']) {
      assert.equal(refusal(origin, 'localhost:9'), undefined)
      assert.equal(refusal(origin, 'evil.example'), 'misdirected_request')
      assert.equal(refusal(origin), 'misdirected_request', 'none at all')
      assert.equal(refusal(origin, undefined, '/bff/health/ready?x'), undefined)
      assert.equal(
        refusal(origin, 'evil.example', '/bff/health/ready/../../'),
        'misdirected_request',
      )
    }
  })
  it('is anything elsewhere', () => {
    for (const host of ['app.example', '10.0.0.1:3000', 'localhost', undefined]) {
      assert.equal(refusal('https://app.example', host), undefined)
      assert.equal(refusal('https://localhost.example', host), undefined)
    }
  })
})
