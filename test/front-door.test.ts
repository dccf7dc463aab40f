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
import { until } from './support/remote-fixture.ts'

const settings = {
  publicOrigin: 'http://localhost:3000',
  basePath: '/bff',
  spa: { origins: [], protectedPages: [], pageMaxBodyBytes: 1024 * 1024 },
}
const handlesPath = (path: string) => path.startsWith('/bff/')
const isDraining = () => false

/** Sends a head, then a byte every few milliseconds for as long as the connection stands. */
async function drip(port: number, head: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.resume()
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
      await drip(Number(new URL(app.origin).port), `POST ${target} HTTP/1.1${form}`)
    })
  }

  it('is gone for the pages too, and whoever ends it in time is served', async () => {
    await until(() => ended === 2)
    assert.equal((await app.browser().call('/bff/health/live')).status, 200)
  })

  it('has 20 seconds', () => assert.equal(bodyDeadlineMs, 20_000))
})

describe('the front door of the Next host', () => {
  it('P22: whoever never ends a request is cut', async (t) => {
    keepRawTargets(createFrontDoor({ settings, handlesPath, isDraining }), { bodyDeadlineMs: 200 })
    const server = createServer((request) => void request.on('error', () => undefined).resume())
    const port = Number(new URL(await listen(server)).port)
    t.after(() => server.close())
    await drip(port, 'POST / HTTP/1.1')
    await drip(port, 'POST /bff/callback HTTP/1.1')
  })

  it('P19: is shut on the Node host, where nothing of ours goes through Next', async () => {
    const bff = { handlesPath, handle: assert.fail, remote: { handle: assert.fail } }
    await sharedEngine(async () => ({ ok: true, host: 'node', bff, log: undefined }) as never)
    const { handleBff, handleRemote } = createNextHost({})
    const options = { after: () => assert.fail('nothing is left to do') }
    const origin = 'http://localhost:3000'
    for (const answer of [
      await handleRemote(new Request(`${origin}/api/remote/api/x`)),
      await handleBff(new Request(`${origin}/bff/user`), options),
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
