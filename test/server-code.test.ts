import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { after, afterEach, before, describe, test } from 'node:test'
import { TokenUnavailableError } from '#lib/server/token-fetch.ts'
import { type App, type AppBrowser, listen, startApp } from './support/app.ts'

let app: App
let answer: (request: IncomingMessage, response: ServerResponse) => void
const seen: { authorization: string; body: string }[] = []
const api = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  seen.push({ authorization: String(request.headers.authorization), body })
  answer(request, response)
})
let apiUrl: string

before(async () => {
  apiUrl = `${await listen(api)}/x`
})
after(() => {
  api.closeAllConnections()
  api.close()
})
afterEach(async () => {
  await app.close()
  seen.length = 0
})

async function start(): Promise<AppBrowser> {
  answer = (_, response) => response.end('ok')
  app = await startApp({ config: { clients: { catalog: { scope: 'catalog' } } } })
  return app.browser()
}

function requestOf(browser: AppBrowser) {
  const cookies = [...(browser.jar.get('localhost') ?? [])].map(
    ([name, value]) => `${name}=${value}`,
  )
  return { headers: new Headers({ cookie: cookies.join('; ') }) }
}
const refreshes = () => app.provider.tokenRequests('refresh_token').length
const grants = () => app.provider.tokenRequests('client_credentials').length

describe('tokens for server code', () => {
  test('userFetch carries the token of the request’s user, and renews it when due', async () => {
    const browser = await start()
    await browser.signInHere()
    const userFetch = app.bff.userFetch(requestOf(browser))
    assert.equal(await (await userFetch(apiUrl)).text(), 'ok')
    app.advance(280_000)
    await userFetch(apiUrl)
    const [one, two] = seen.map(({ authorization }) => authorization)
    assert.match(one ?? '', /^Bearer access-/)
    assert.notEqual(one, two)
    assert.equal(refreshes(), 1)
  })

  test('userFetch works outside of any request, by session id, until the session ends', async () => {
    const browser = await start()
    await browser.signInHere()
    const [session] = await app.bff.sessions.list('alice')
    const userFetch = app.bff.userFetch(session?.id ?? '')
    assert.equal((await userFetch(apiUrl)).status, 200)
    assert.equal(await app.bff.sessions.end(session?.id ?? ''), true)
    assert.equal(await app.bff.sessions.end(session?.id ?? ''), false)
    await assert.rejects(userFetch(apiUrl), (error: TokenUnavailableError) => {
      assert.ok(error instanceof TokenUnavailableError)
      return error.code === 'not_signed_in'
    })
    assert.equal(seen.length, 1)
    assert.equal(await browser.user(), undefined)
  })

  test('a 401 costs one renewal and one retry with the same body; a second one is answered', async () => {
    const browser = await start()
    await browser.signInHere()
    const userFetch = app.bff.userFetch(requestOf(browser))
    answer = (_, response) => response.writeHead(seen.length === 1 ? 401 : 200).end('ok')
    app.advance(31_000)
    const response = await userFetch(apiUrl, { method: 'POST', body: 'payload' })
    assert.equal(response.status, 200)
    assert.deepEqual(
      seen.map(({ body }) => body),
      ['payload', 'payload'],
    )
    assert.notEqual(seen[0]?.authorization, seen[1]?.authorization)
    answer = (_, response) => response.writeHead(401).end('no')
    app.advance(31_000)
    assert.equal((await userFetch(apiUrl)).status, 401)
    assert.equal(seen.length, 4)
  })

  test('a stream is sent once', async () => {
    const browser = await start()
    await browser.signInHere()
    answer = (_, response) => response.writeHead(401).end('no')
    const body = new Blob(['payload']).stream()
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    assert.equal((await app.bff.userFetch(requestOf(browser))(apiUrl, init)).status, 401)
    assert.equal(seen.length, 1)
  })

  test('userToken answers failures as values', async () => {
    const browser = await start()
    const anonymous = await app.bff.userToken(requestOf(browser))
    assert.deepEqual(anonymous, { kind: 'failed', code: 'not_signed_in' })
    await browser.signInHere()
    assert.equal((await app.bff.userToken(requestOf(browser))).kind, 'bearer')
    app.advance(301_000)
    app.provider.override('token', () => ({ status: 503, body: '' }))
    const unavailable = await app.bff.userToken(requestOf(browser))
    assert.deepEqual(unavailable, { kind: 'failed', code: 'token_unavailable' })
  })

  test('T6: calls for two resources at once each get their own token, and no refresh token is lost', async () => {
    const browser = await start()
    await browser.signInHere()
    const who = requestOf(browser)
    const ask = () =>
      Promise.all(['urn:a', 'urn:b'].map((resource) => app.bff.userToken(who, { resource })))
    const [a, b] = await ask()
    assert.ok(a?.kind === 'bearer' && b?.kind === 'bearer')
    assert.notEqual(a.token, b.token)
    const asked = app.provider.tokenRequests('refresh_token').map((it) => it.get('resource'))
    assert.deepEqual(asked.sort(), ['urn:a', 'urn:b'])
    app.advance(301_000)
    const again = await ask()
    assert.ok(again.every((it) => it?.kind === 'bearer'))
    assert.equal(refreshes(), 4)
    assert.ok(await browser.user())
  })

  test('T9: clientFetch makes one token request for many uses, and renews after a 401', async () => {
    await start()
    const clientFetch = app.bff.clientFetch('catalog')
    await Promise.all(Array.from({ length: 50 }, () => clientFetch(apiUrl)))
    assert.equal(grants(), 1)
    app.advance(31_000)
    answer = (_, response) => response.writeHead(seen.length === 51 ? 401 : 200).end()
    assert.equal((await clientFetch(apiUrl)).status, 200)
    assert.equal(grants(), 2)
  })

  test('clientToken renews when it is forced to', async () => {
    await start()
    const one = await app.bff.clientToken('catalog')
    const two = await app.bff.clientToken('catalog', { forceRenewal: true })
    assert.ok(one.kind === 'bearer' && two.kind === 'bearer')
    assert.notEqual(one.token, two.token)
  })

  test('T28: one use of a machine token may have a scope, a resource and parameters of its own', async () => {
    await start()
    const { clientToken, clientFetch } = app.bff
    const usual = await clientToken('catalog')
    const target = { scope: 'catalog.write', resource: 'urn:x', parameters: { tenant: 'one' } }
    const other = await clientToken('catalog', target)
    assert.notDeepEqual(other, usual)
    const { params } = app.provider.requests.findLast(({ name }) => name === 'token') ?? {}
    assert.deepEqual(
      ['grant_type', 'scope', 'resource', 'tenant'].map((name) => params?.get(name)),
      ['client_credentials', 'catalog.write', 'urn:x', 'one'],
    )
    // Each is kept by itself, and for the same use it is the same one.
    assert.deepEqual(await clientToken('catalog'), usual)
    assert.deepEqual(await clientToken('catalog', target), other)
    await clientFetch('catalog', target)(apiUrl)
    assert.equal(grants(), 2)
    assert.equal(seen[0]?.authorization, `Bearer ${other.kind === 'bearer' ? other.token : ''}`)
    const forged = { parameters: { client_id: 'another' } }
    await assert.rejects(clientToken('catalog', forged), /client_id is set by Cloakroom/)
    assert.throws(() => clientFetch('catalog', forged), TypeError)
  })

  test('T28: a failure says what the provider said', async () => {
    await start()
    const body = { error: 'invalid_scope', error_description: 'catalog is unknown' }
    app.provider.override('token', () => ({ status: 400, body }))
    const reason = { status: 400, error: 'invalid_scope', description: 'catalog is unknown' }
    const code = 'provider_misconfigured'
    assert.deepEqual(await app.bff.clientToken('catalog'), { kind: 'failed', code, reason })
    await assert.rejects(app.bff.clientFetch('catalog')(apiUrl), (error) => {
      assert.ok(error instanceof TokenUnavailableError)
      assert.deepEqual([error.code, error.reason], [code, reason])
      return true
    })
  })

  test('T28: the token of a remote, exchanged as it would be', async () => {
    answer = (_, response) => response.end('ok')
    const target = 'http://127.0.0.1:1'
    app = await startApp({
      config: {
        remotes: {
          reports: { target, exchange: { audience: 'reports' } },
          orders: { target, resource: 'urn:orders' },
        },
      },
    })
    const browser = app.browser()
    await browser.signInHere()
    const { userFetch, userToken } = app.bff
    await userFetch(requestOf(browser), { remote: 'reports' })(apiUrl)
    const { params } = app.provider.requests.findLast(({ name }) => name === 'token') ?? {}
    assert.match(params?.get('grant_type') ?? '', /token-exchange$/)
    assert.equal(params?.get('audience'), 'reports')
    await userToken(requestOf(browser), { remote: 'orders' })
    const last = app.provider.requests.findLast(({ name }) => name === 'token')
    assert.equal(last?.params.get('resource'), 'urn:orders')
    await assert.rejects(userToken(requestOf(browser), { remote: 'odrers' }), /no remote odrers/)
  })

  test('forgetClientToken makes the next use ask the provider', async () => {
    await start()
    const one = await app.bff.clientToken('catalog')
    await app.bff.forgetClientToken('catalog')
    assert.notDeepEqual(await app.bff.clientToken('catalog'), one)
    assert.equal(grants(), 2)
  })

  test('endAll signs a user out everywhere, and revokes', async () => {
    const browser = await start()
    await browser.signInHere()
    const other = app.browser()
    await other.signInHere()
    assert.equal((await app.bff.sessions.list('alice')).length, 2)
    assert.equal(await app.bff.sessions.endAll('alice'), 2)
    assert.equal(await browser.user(), undefined)
    assert.equal(await other.user(), undefined)
    const active = [...app.provider.state.refreshTokens.values()].filter((it) => it.active)
    assert.deepEqual(active, [])
  })
})
