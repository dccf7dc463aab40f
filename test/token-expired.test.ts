import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { createBff as createClient, SignInNeededError } from '../client/bff.ts'
import { type App, startApp } from './support/app.ts'

/** Later than the five minutes that the scripted provider's access tokens live. */
const expired = 301_000

let app: App
before(async () => {
  app = await startApp({
    env: { OIDC_SCOPE: 'openid profile' },
    config: { session: { idle: '1d', absolute: '30d' } },
  })
})
after(() => app.close())
afterEach(() => {
  app.apiRequests.length = 0
})

describe('T25: no refresh token, and the access token has expired', () => {
  async function withExpiredToken() {
    const browser = app.browser()
    await browser.signInHere()
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    app.advance(expired)
    app.apiRequests.length = 0
    return browser
  }

  test('T25: the session lives, and a call says where to sign in', async () => {
    const browser = await withExpiredToken()
    for (const method of ['GET', 'POST']) {
      const { status, body } = await browser.call('/api/remote/api/x', { method })
      const { code, loginUrl } = JSON.parse(body)
      assert.deepEqual([status, code, loginUrl], [401, 'token_expired', '/bff/login'])
    }
    assert.equal(app.apiRequests.length, 0)
    assert.equal((await browser.user())?.sub, 'alice')
    assert.equal(app.provider.tokenRequests('refresh_token').length, 0)
    await browser.signInHere()
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
  })

  test('T25: the client library counts it as sign-in needed', async () => {
    const browser = await withExpiredToken()
    const { status, headers, body } = await browser.call('/api/remote/api/x')
    const client = createClient({
      fetch: async () => new Response(body, { status, headers }),
      location: { href: `${app.origin}/page`, assign: () => undefined },
    })
    const told: string[] = []
    client.onSignInNeeded(({ code }) => told.push(code))
    await assert.rejects(client.fetch('/api/remote/api/x'), (error) => {
      assert.ok(error instanceof SignInNeededError)
      assert.equal(error.loginUrl, '/bff/login?returnUrl=%2Fpage')
      return true
    })
    assert.deepEqual(told, ['token_expired'])
  })

  test('T25: an API’s own 401 to a token that is valid passes as it is', async (t) => {
    const refusing = await startApp({
      env: { OIDC_SCOPE: 'openid profile' },
      api: (_, response) => response.writeHead(401).end('the API’s own'),
    })
    t.after(() => refusing.close())
    const browser = refusing.browser()
    await browser.signInHere()
    refusing.advance(31_000)
    const { status, body } = await browser.call('/api/remote/api/x')
    assert.deepEqual([status, body], [401, 'the API’s own'])
  })
})
