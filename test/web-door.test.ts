import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { type WebBff, webBffOf } from '#lib/hosts/web-bff.ts'
import { StoreUnavailableError } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, apiText, startApp } from './support/app.ts'

let app: App
let web: WebBff
let isDown = false

before(async () => {
  const store = createMemoryStore()
  const { get } = store
  store.get = (key) => {
    if (isDown) throw new StoreUnavailableError(undefined)
    return get(key)
  }
  app = await startApp({
    store,
    api: (request, response) => {
      if (request.method === 'POST') request.pipe(response)
      else response.setHeader('x-client', String(request.headers['x-forwarded-for'])).end(apiText)
    },
  })
})
after(() => app.close())
beforeEach(() => {
  web = webBffOf(
    async () => ({ bff: { ...app.bff, close: async () => {} }, log: app.log, reload: app.reload }),
    () => app.bff.settings,
  )
})
afterEach(() => {
  isDown = false
})

async function cookieOf(browser: AppBrowser): Promise<string> {
  await browser.signInHere()
  const cookies = browser.jar.get('localhost') ?? new Map<string, unknown>()
  return [...cookies].map(([name, value]) => `${name}=${textOf(value)}`).join('; ')
}
const textOf = (value: unknown) =>
  typeof value === 'string' ? value : (value as { value: string }).value

const ask = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
  new Request(`${app.origin}${path}`, {
    ...init,
    headers: { 'sec-fetch-site': 'same-origin', ...init.headers },
    ...(init.body ? { duplex: 'half' } : {}),
  } as RequestInit)

describe('cloakroom/web', () => {
  test('A30: says what is ours, and answers that alone', async () => {
    for (const path of ['/bff/user', '/bff/unknown', '/api/remote/api', '/api/remote/api/x?y']) {
      assert.equal(web.handles(new URL(path, app.origin)), true, path)
      assert.equal(web.handles(path), true, path)
    }
    for (const path of ['/', '/bffer', '/api', '/api/remotely', '/todos']) {
      assert.equal(web.handles(`${app.origin}${path}`), false, path)
    }
    assert.equal((await web.fetch(ask('/todos'))).status, 404)
    assert.equal((await web.fetch(ask('/bff/user'))).status, 401)
  })

  test('A30: signs in, calls an API and signs out', async () => {
    const browser = app.browser()
    const login = await web.fetch(ask('/bff/login?returnUrl=/deep'))
    assert.equal(login.status, 302)
    assert.match(login.headers.get('location') ?? '', /code_challenge_method=S256/)
    const cookie = await cookieOf(browser)
    const call = await web.fetch(ask('/api/remote/api/x', { headers: { cookie } }))
    assert.equal(call.status, 200)
    assert.equal(await call.text(), apiText)
    assert.match(app.apiRequests.at(-1)?.headers.authorization ?? '', /^Bearer /)
    const out = await web.fetch(ask('/bff/logout', { method: 'POST', headers: { cookie } }))
    assert.equal(out.status, 200)
    assert.equal((await web.fetch(ask('/bff/user', { headers: { cookie } }))).status, 401)
  })

  test('A30: bodies stream both ways, and the address is judged as it came', async () => {
    const cookie = await cookieOf(app.browser())
    const chunks = ['one ', 'two ', 'three']
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = chunks.shift()
        if (next === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(next))
      },
    })
    const echoed = await web.fetch(
      ask('/api/remote/api/echo', { method: 'POST', body, headers: { cookie } }),
    )
    assert.equal(await echoed.text(), 'one two three')
    const asked = await web.fetch(ask('/api/remote/api/x', { headers: { cookie } }), {
      target: '/api/remote/api/a%20b//c?d=%2F',
    })
    assert.equal(asked.status, 200)
    assert.equal(app.apiRequests.at(-1)?.url, '/a%20b//c?d=%2F')
    const walked = await web.fetch(ask('/bff/user'), { target: '/x/../bff/user' })
    assert.equal(walked.status, 400)
  })

  test('A30: a foreign name, a foreign page and a large body are refused as on the Node host', async () => {
    const foreign = await web.fetch(ask('/bff/user', { headers: { host: 'evil.example' } }))
    assert.equal(foreign.status, 421)
    const page = await web.fetch(
      ask('/api/remote/api/x', { headers: { 'sec-fetch-site': 'cross-site' } }),
    )
    assert.equal(page.status, 403)
    const large = await web.fetch(
      ask('/bff/logout', { method: 'POST', body: 'x', headers: { 'content-length': '99999999' } }),
    )
    assert.equal(large.status, 413)
  })

  test('A30: what fails within is an answer, and told', async () => {
    const broken = webBffOf(
      async () => {
        const { bff, log, reload } = app
        const its = { ...bff, handle: () => Promise.reject(new Error('broken')) }
        return { bff: { ...bff, frontends: { ...bff.frontends, of: () => its } }, log, reload }
      },
      () => app.bff.settings,
    )
    assert.equal((await broken.fetch(ask('/bff/user'))).status, 500)
    assert.ok(app.log.events.some(({ event }) => event === 'unexpected.error'))
  })

  test('A30: the client’s address reaches the API where the framework knows it', async () => {
    const cookie = await cookieOf(app.browser())
    const call = await web.fetch(ask('/api/remote/api/x', { headers: { cookie } }), {
      clientAddress: '203.0.113.7',
    })
    assert.equal(call.headers.get('x-client'), '203.0.113.7')
  })

  test('A31: an API of one’s own stands behind the rules of a remote', async () => {
    const route = web.route(async (request, session, context: { id: string }) =>
      Response.json({ sub: session.sub, id: context.id, method: request.method }),
    )
    const cookie = await cookieOf(app.browser())
    const found = await route(ask('/todos', { headers: { cookie } }), { id: '7' })
    assert.deepEqual(await found.json(), { sub: 'alice', id: '7', method: 'GET' })
    assert.equal(found.headers.get('cache-control'), 'private, no-store')
    assert.equal((await route(ask('/todos'), { id: '' })).status, 401)
    const foreign = { cookie, 'sec-fetch-site': 'cross-site' }
    assert.equal((await route(ask('/todos', { headers: foreign }), { id: '' })).status, 403)
    isDown = true
    assert.equal((await route(ask('/todos', { headers: { cookie } }), { id: '' })).status, 503)
  })

  test('A31: a link to it is refused, since the gate makes one of ours out of a foreign one', async () => {
    const route = web.route(async (request) => new Response(request.method))
    const cookie = await cookieOf(app.browser())
    for (const dest of ['document', 'iframe', 'empty']) {
      const headers = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }
      const asked = { headers: { ...headers, 'sec-fetch-dest': dest } }
      assert.equal((await route(ask('/todos', asked))).status, 403, dest)
      assert.equal((await route(ask('/todos', { ...asked, method: 'POST' }))).status, 200, dest)
    }
  })

  test('A31: answers that cannot be changed are passed on, and what a handler throws is the framework’s', async () => {
    const cookie = await cookieOf(app.browser())
    const to = web.route(() => Response.redirect('https://elsewhere.example/', 303))
    const answer = await to(ask('/todos', { headers: { cookie } }))
    assert.equal(answer.headers.get('location'), 'https://elsewhere.example/')
    assert.equal(answer.headers.get('cache-control'), 'private, no-store')
    const thrown = new Response(null, { status: 302 })
    const throws = web.route(() => {
      throw thrown
    })
    await assert.rejects(
      throws(ask('/todos', { headers: { cookie } })),
      (cause) => cause === thrown,
    )
  })

  test('A31: the session is read by a navigation too', async () => {
    const cookie = await cookieOf(app.browser())
    const headers = { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    assert.equal((await web.session(ask('/', { headers })))?.sub, 'alice')
    assert.equal(await web.session(ask('/')), undefined)
    isDown = true
    await assert.rejects(web.session(ask('/', { headers: { cookie } })), StoreUnavailableError)
  })

  test('A30: a wrong configuration is told to whoever asks, and again once it is put right', async () => {
    let isWrong = true
    const late = webBffOf(
      async () => {
        if (isWrong) throw new Error('OIDC_ISSUER is not set')
        return { bff: app.bff, log: app.log, reload: app.reload }
      },
      () => app.bff.settings,
    )
    await assert.rejects(late.ready(), /OIDC_ISSUER is not set/)
    await assert.rejects(late.fetch(ask('/bff/user')), /OIDC_ISSUER is not set/)
    isWrong = false
    assert.equal((await late.fetch(ask('/bff/user'))).status, 401)
  })
})
