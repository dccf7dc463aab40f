import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { after, before, beforeEach, describe, test } from 'node:test'
import { withTimedBody } from '#lib/hosts/timed-body.ts'
import { type WebBff, webBffOf } from '#lib/hosts/web-bff.ts'
import { BodyRefusedError } from '#lib/http/body-refused.ts'
import { signIn } from '#lib/server/sign-in-for-tests.ts'
import { type App, listen, startApp } from './support/app.ts'
import { until } from './support/remote-fixture.ts'

/** Calls that are open at the API, whose answers never end. */
let open = 0
const api = createServer((_, response) => {
  open += 1
  response.once('close', () => {
    open -= 1
  })
  response.write('begun')
})

let app: App
let web: WebBff
before(async () => {
  const target = await listen(api)
  app = await startApp({ config: { remotes: { api: { target, token: 'none' } } } })
})
after(async () => {
  await app.close()
  api.closeAllConnections()
  api.close()
})
beforeEach(() => {
  web = webBffOf(
    async () => ({ bff: { ...app.bff, close: async () => {} }, log: app.log, reload: app.reload }),
    () => app.bff.settings,
  )
})

describe('a framework’s server', () => {
  test('A65: calls that wait behind a CONNECT end with their connection', async (t) => {
    await web.ready()
    const server = createServer(async (request, response) => {
      const headers = new Headers(request.headers as Record<string, string>)
      const asked = new Request(`${app.origin}${request.url}`, { headers })
      const answer = await web.fetch(asked)
      const body = Readable.fromWeb(answer.body as never)
      response.once('close', () => body.destroy()).writeHead(answer.status)
      body.on('error', () => undefined).pipe(response)
    })
    t.after(() => server.close())
    const port = Number(new URL(await listen(server)).port)
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    const head = `Host: ${new URL(app.origin).host}\r\nSec-Fetch-Site: same-origin\r\n\r\n`
    socket.write(`GET /api/remote/api/x HTTP/1.1\r\n${head}`.repeat(20))
    await until(() => open === 20)
    socket.end('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => open === 0)
  })

  test('A65: a body that is not whole in time breaks off, and is an answer', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const dripping = () =>
      new Request(`${app.origin}/bff/backchannel`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new ReadableStream({ start: (it) => it.enqueue(new TextEncoder().encode('a=1')) }),
        duplex: 'half',
      } as RequestInit)
    const timed = withTimedBody(dripping(), 20_000).text()
    t.mock.timers.tick(19_999)
    t.mock.timers.tick(1)
    await assert.rejects(timed, BodyRefusedError)

    let status: number | undefined
    void web.fetch(dripping()).then((answer) => {
      status = answer.status
    })
    const turns = async () => {
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    }
    await turns()
    assert.equal(status, undefined)
    t.mock.timers.tick(20_000)
    await turns()
    // Of whatever comes to the back channel 200 and 400 are all that there is.
    assert.equal(status, 400)
  })

  test('A65: its end waits for APIs of one’s own', async () => {
    const begun = Promise.withResolvers<void>()
    const held = Promise.withResolvers<Response>()
    const { cookie } = await signIn(app.bff, { sub: 'alice' })
    const route = web.route(() => {
      begun.resolve()
      return held.promise
    })
    const headers = { cookie, 'sec-fetch-site': 'same-origin' }
    const call = route(new Request(`${app.origin}/todos`, { headers }))
    await begun.promise
    let isClosed = false
    const closed = web.close().then(() => {
      isClosed = true
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.ok(!isClosed)
    held.resolve(new Response('done'))
    assert.equal(await (await call).text(), 'done')
    await closed
  })

  test('A65: over https its own APIs’ answers say so, refusals too', async (t) => {
    const secure = await startApp({ env: { BFF_BASE_URL: 'https://app.example' } })
    t.after(() => secure.close())
    const own = webBffOf(
      async () => ({
        bff: { ...secure.bff, close: async () => {} },
        log: secure.log,
        reload: secure.reload,
      }),
      () => secure.bff.settings,
    )
    const route = own.route(() => new Response())
    for (const [site, status] of [
      ['cross-site', 403],
      ['same-origin', 401],
    ] as const) {
      const headers = { 'sec-fetch-site': site }
      const answer = await route(new Request('https://app.example/todos', { headers }))
      assert.equal(answer.status, status)
      assert.match(answer.headers.get('strict-transport-security') ?? '', /max-age=\d{7}/)
    }
  })
})
