import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, afterEach, before, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { answerJson, startUpstream, type Upstream } from './support/remote-fixture.ts'

const bearerAnswer = { access_token: 'not-bound', token_type: 'Bearer', expires_in: 300 }
const codeOf = ({ body }: { body: string }) => JSON.parse(body).code

describe('T10: what was bound is never sent as a Bearer token', () => {
  let app: App
  let upstream: Upstream
  let respond: (request: IncomingMessage, response: ServerResponse) => void
  const usual = (_: IncomingMessage, response: ServerResponse) => answerJson(response)

  before(async () => {
    respond = usual
    upstream = await startUpstream((request, response) => respond(request, response))
    const { origin: target } = upstream
    app = await startApp({
      config: {
        oidc: { dpop: true },
        remotes: {
          // Without `dpop`, so that nothing but the token itself decides.
          api: { target },
          strict: { target, dpop: true },
          exchanged: { target, exchange: { audience: 'x' }, dpop: true },
          machine: { target, token: 'client', client: 'catalog' },
          hook: { target, token: async ({ userToken }) => userToken() },
        },
        clients: { catalog: { scope: 'catalog', dpop: true } },
      },
    })
  })
  after(async () => {
    await app.close()
    await upstream.close()
  })
  afterEach(() => {
    app.provider.override('token')
    respond = usual
    upstream.requests.length = 0
  })

  async function signedIn(): Promise<AppBrowser> {
    const browser = app.browser()
    await browser.signInHere()
    return browser
  }

  const schemes = () =>
    upstream.requests.map(({ headers }) => [
      headers.authorization?.split(' ')[0],
      typeof headers.dpop === 'string',
    ])

  test('a provider that answers Bearer at sign-in signs nobody in', async () => {
    app.provider.once('token', async (_, honest) => {
      const answer = await honest()
      return { ...answer, body: { ...(answer.body as object), token_type: 'Bearer' } }
    })
    const browser = app.browser()
    assert.equal((await browser.signInHere()).status, 502)
    assert.equal(await browser.user(), undefined)
  })

  test('a provider that answers Bearer to a refresh: 503, the session stays, and recovers', async () => {
    const browser = await signedIn()
    app.advance(301_000)
    app.provider.override('token', () => ({ body: bearerAnswer }))
    for (const remote of ['api', 'strict', 'hook']) {
      const answer = await browser.call(`/api/remote/${remote}/x`)
      assert.deepEqual([answer.status, codeOf(answer)], [503, 'token_unavailable'])
    }
    assert.equal(upstream.requests.length, 0)
    app.provider.override('token')
    app.advance(3001)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    assert.deepEqual(schemes(), [['DPoP', true]])
  })

  for (const remote of ['exchanged', 'machine'] as const) {
    test(`a provider that answers Bearer for a token that is ${remote}: the API is not called`, async () => {
      const browser = await signedIn()
      app.provider.override('token', () => ({ body: bearerAnswer }))
      const answer = await browser.call(`/api/remote/${remote}/x`)
      assert.deepEqual([answer.status, codeOf(answer)], [503, 'token_unavailable'])
      assert.equal(upstream.requests.length, 0)
      app.provider.override('token')
      // A failing exchange rests for three seconds.
      app.advance(3001)
      assert.equal((await browser.call(`/api/remote/${remote}/x`)).status, 200)
      assert.deepEqual(schemes(), [['DPoP', true]])
    })
  }

  test('an API that challenges Bearer gets another bound token, and then its 401 passes', async () => {
    const browser = await signedIn()
    const challenge = 'Bearer realm="api", error="invalid_token"'
    respond = (_, response) => response.writeHead(401, { 'www-authenticate': challenge }).end('no')
    app.advance(31_000)
    const answer = await browser.call('/api/remote/api/x')
    assert.deepEqual([answer.status, answer.body], [401, 'no'])
    assert.equal(answer.headers.get('www-authenticate'), challenge)
    assert.deepEqual(schemes(), [
      ['DPoP', true],
      ['DPoP', true],
    ])
    const [first, second] = upstream.requests.map(({ headers }) => ({
      token: headers.authorization,
      ...decodeJwt<{ ath: string }>(String(headers.dpop)),
    }))
    assert.notEqual(first?.token, second?.token)
    assert.notEqual(first?.ath, second?.ath)
    assert.notEqual(first?.jti, second?.jti)
  })

  test('a hook that hands on the user’s token: with its proof', async () => {
    const browser = await signedIn()
    assert.equal((await browser.call('/api/remote/hook/x?y=1')).status, 200)
    assert.deepEqual(schemes(), [['DPoP', true]])
    const { htu } = decodeJwt(String(upstream.requests[0]?.headers.dpop))
    assert.equal(htu, `${upstream.origin}/x`)
  })

  test('in code: the same 401 is answered by one bound retry', async () => {
    const browser = await signedIn()
    respond = (_, response) => response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
    const cookie = [...(browser.jar.get('localhost') ?? [])].map((it) => it.join('=')).join('; ')
    const userFetch = app.bff.userFetch({ headers: new Headers({ cookie }) })
    await app.bff.clientToken('catalog')
    app.advance(31_000)
    assert.equal((await userFetch(`${upstream.origin}/x?y=1`)).status, 401)
    assert.equal((await app.bff.clientFetch('catalog')(`${upstream.origin}/x`)).status, 401)
    assert.deepEqual(schemes(), Array(4).fill(['DPoP', true]))
    const tokens = upstream.requests.map(({ headers }) => headers.authorization)
    assert.equal(new Set(tokens).size, 4)
  })
})

describe('T10, T12: a body that streams and meets a nonce challenge', () => {
  test('is sent once, the API’s challenge says why, and the next try has the nonce', async (t) => {
    const received: number[] = []
    const upstream = await startUpstream(async (request, response) => {
      let bytes = 0
      for await (const chunk of request) bytes += (chunk as Buffer).length
      received.push(bytes)
      const { nonce } = decodeJwt(String(request.headers.dpop))
      if (nonce === 'wanted') return answerJson(response)
      const challenge = 'DPoP error="use_dpop_nonce"'
      response.writeHead(401, { 'www-authenticate': challenge, 'dpop-nonce': 'wanted' }).end()
    })
    t.after(() => upstream.close())
    const app = await startApp({
      config: { oidc: { dpop: true }, remotes: { api: { target: upstream.origin, dpop: true } } },
    })
    t.after(() => app.close())
    const size = 300_000
    const browser = app.browser()
    await browser.signInHere()
    const upload = () =>
      browser.send(`${app.origin}/api/remote/api/x`, {
        method: 'POST',
        headers: { 'sec-fetch-site': 'same-origin' },
        body: 'x'.repeat(size),
      })
    const refused = await upload()
    assert.equal(refused.status, 401)
    assert.match(refused.headers.get('www-authenticate') ?? '', /use_dpop_nonce/)
    // Not a problem of ours: the page does not take it for a sign-out.
    assert.ok(!refused.headers.get('content-type')?.includes('problem'))
    assert.deepEqual(received, [size])
    assert.equal((await upload()).status, 200)
    assert.deepEqual(received, [size, size])
    assert.ok(await browser.user())
  })

  test('in code: the same, and a body that can be repeated is repeated', async (t) => {
    let wanted = 'first'
    const received: string[] = []
    const upstream = await startUpstream(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      received.push(Buffer.concat(chunks).toString())
      const { nonce } = decodeJwt(String(request.headers.dpop))
      if (nonce === wanted) return answerJson(response)
      const challenge = 'DPoP error="use_dpop_nonce"'
      response.writeHead(401, { 'www-authenticate': challenge, 'dpop-nonce': wanted }).end()
    })
    t.after(() => upstream.close())
    const app = await startApp({ config: { clients: { worker: { dpop: true } } } })
    t.after(() => app.close())
    const workerFetch = app.bff.clientFetch('worker')
    const stream = () => ({
      method: 'POST',
      body: new Blob(['streamed']).stream(),
      duplex: 'half' as const,
    })
    const refused = await workerFetch(upstream.origin, stream())
    assert.equal(refused.status, 401)
    assert.match(refused.headers.get('www-authenticate') ?? '', /use_dpop_nonce/)
    assert.equal((await workerFetch(upstream.origin, stream())).status, 200)
    wanted = 'second'
    const init = { method: 'POST', body: 'in one piece' }
    assert.equal((await workerFetch(upstream.origin, init)).status, 200)
    assert.deepEqual(received, ['streamed', 'streamed', 'in one piece', 'in one piece'])
  })
})
