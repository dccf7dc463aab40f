import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { LogFields } from '#lib/telemetry/log.ts'
import { type App, type AppOptions, startApp } from './support/app.ts'

let app: App
afterEach(() => app.close())

const told = () =>
  app.log.events
    .filter(({ event }) => event === 'misconfiguration')
    .map(({ fields }) => (fields as LogFields['misconfiguration']).what)

async function signedIn(options: AppOptions = {}) {
  app = await startApp(options)
  const browser = app.browser()
  await browser.signInHere()
  return browser
}

describe('a misconfiguration is told with its fix', () => {
  test('nothing is told of a setup that is right', async () => {
    const browser = await signedIn()
    await browser.call('/api/remote/api/')
    assert.deepEqual(told(), [])
  })

  test('no refresh token although offline_access was asked for; once, not at every sign-in', async () => {
    app = await startApp()
    app.provider.override('token', async (_, usual) => {
      const answer = await usual()
      const { refresh_token: _dropped, ...body } = answer.body as Record<string, unknown>
      return { ...answer, body }
    })
    await app.browser().signInHere()
    await app.browser().signInHere()
    assert.equal(told().length, 1)
    assert.match(told()[0] ?? '', /no refresh token/)
  })

  test('access tokens that live shorter than the margin', async () => {
    await signedIn({ provider: { accessTokenLifetime: 20 } })
    assert.match(told().join(), /live for 20 s/)
  })

  test('a clock that is off', async () => {
    app = await startApp()
    app.provider.override('token', async (_, usual) => {
      const answer = await usual()
      const iat = Math.floor(Date.now() / 1000) + 25
      const nonce = new URL(
        app.provider.requests.findLast((it) => it.name === 'authorize')?.url ?? '',
      ).searchParams.get('nonce')
      const id_token = await app.provider.signIdToken({ iat, nonce })
      return { ...answer, body: { ...(answer.body as object), id_token } }
    })
    await app.browser().signInHere()
    assert.match(told().join(), /clock .* differ by 2\d s/)
  })

  test('a remote for whose resource the provider gives no token keeps the session', async () => {
    app = await startApp({
      config: { remotes: { api: { target: 'http://127.0.0.1:9', resource: 'urn:unknown' } } },
    })
    const browser = app.browser()
    await browser.signInHere()
    app.provider.override('token', () => ({ status: 400, body: { error: 'invalid_target' } }))
    assert.equal((await browser.call('/api/remote/api/')).status, 503)
    assert.match(told().join(), /no token for resource "urn:unknown".* \(remote api\)/)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('a remote whose token lacks its scope', async () => {
    app = await startApp({
      config: { remotes: { api: { target: 'http://127.0.0.1:9', scope: 'reports.read' } } },
    })
    const browser = app.browser()
    await browser.signInHere()
    app.provider.override('token', async (_, usual) => {
      const answer = await usual()
      return { ...answer, body: { ...(answer.body as object), scope: 'openid' } }
    })
    await browser.call('/api/remote/api/')
    assert.match(told().join(), /asks for the scope "reports.read", and its token lacks it/)
  })

  test('an unregistered redirect URI shows on the diagnostics, in development only', async () => {
    app = await startApp({ env: { NODE_ENV: 'development' } })
    app.provider.override('authorize', () => ({ status: 400, body: 'redirect_uri' }))
    const answer = await app.browser().call('/bff/diagnostics')
    assert.equal(answer.status, 200)
    assert.equal(JSON.parse(answer.body).redirectUri.standing, 'refused')
    const [shown] = JSON.parse(
      (await app.browser().call('/bff/diagnostics')).body,
    ).misconfigurations
    assert.match(shown.fix, /register http:\/\/localhost:\d+\/bff\/callback/)
    app.provider.override('authorize')
    app.advance(86_400_000)
    const accepted = JSON.parse((await app.browser().call('/bff/diagnostics')).body)
    assert.equal(accepted.redirectUri.standing, 'accepted')
    await app.close()
    app = await startApp()
    assert.equal((await app.browser().call('/bff/diagnostics')).status, 404)
  })

  test('S2: the diagnostics show kinds and lifetimes of tokens, and no token', async () => {
    const browser = await signedIn({ env: { NODE_ENV: 'development' } })
    const answer = await browser.call('/bff/diagnostics')
    const { session } = JSON.parse(answer.body)
    assert.equal(session.accessTokens[0].type, 'bearer')
    assert.equal(session.hasRefreshToken, true)
    assert.doesNotMatch(answer.body, /access-|refresh-|eyJ/)
  })
})
