import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import type { Visit } from './support/http-browser.ts'
import type { SignOptions } from './support/scripted-keys.ts'

/** The OpenID Foundation's tests of sign-out by relying parties, through the whole product. */

let app: App
let browser: AppBrowser
/** Signed in with the same session of the provider, and signed out by it or not at all. */
let other: AppBrowser
before(async () => {
  app = await startApp({
    config: { oidc: { idTokenAlg: 'RS256' }, frontchannel: { enabled: true } },
  })
})
after(() => app.close())
beforeEach(async () => {
  browser = app.browser()
  other = app.browser()
  await browser.signInHere()
  await other.signInHere()
})
afterEach(() => app.provider.override('endSession'))

/** The browser signs out and goes to the provider, whose answer is the last one. */
async function signOut(): Promise<Visit> {
  const logoutUrl = String((await browser.user())?.['bff:logout_url'])
  const atProvider = await browser.send(`${app.origin}${logoutUrl}&returnUrl=/bye`)
  assert.equal(atProvider.status, 302)
  assert.equal(await browser.user(), undefined)
  return browser.send(atProvider.headers.get('location') ?? '')
}

/** Where the browser gets with the address that the provider sent it to. */
async function comeBack(signedOut: Visit): Promise<Visit> {
  return browser.send(signedOut.headers.get('location') ?? '')
}

describe('oidcc-client-rp-initiated-logout-certification-test-plan', () => {
  test('oidcc-client-test-rp-init-logout', async () => {
    const signedOut = await signOut()
    const query = signedOut.url.searchParams
    assert.ok(query.get('id_token_hint'))
    assert.ok(query.get('state'))
    assert.equal(query.get('post_logout_redirect_uri'), `${app.origin}/bff/logout-callback`)
    const back = await comeBack(signedOut)
    assert.equal(back.status, 303)
    assert.equal(back.headers.get('location'), '/bye')
  })

  for (const [name, change] of [
    ['other-state', (query: URLSearchParams) => query.set('state', 'another')],
    ['no-state', (query: URLSearchParams) => query.delete('state')],
  ] as const) {
    test(`oidcc-client-test-rp-init-logout-${name}`, async () => {
      app.provider.override('endSession', async (_, usual) => {
        const answer = await usual()
        const location = new URL(answer.headers?.location ?? '')
        change(location.searchParams)
        return { ...answer, headers: { location: location.href } }
      })
      const back = await comeBack(await signOut())
      // Never to where a forged state says; the session is gone in either case.
      assert.equal(back.headers.get('location'), '/')
      assert.equal(await browser.user(), undefined)
    })
  }
})

/** The provider does this while the browser is there, and the browser comes back as usual. */
async function duringSignOut(atProvider: () => Promise<Visit>): Promise<Visit> {
  let answer: Visit | undefined
  app.provider.override('endSession', async (_, usual) => {
    answer = await atProvider()
    return usual()
  })
  const back = await comeBack(await signOut())
  assert.equal(back.headers.get('location'), '/bye')
  assert.ok(answer)
  return answer
}

async function sendLogoutToken(claims: Record<string, unknown>, sign?: SignOptions) {
  const body = new URLSearchParams({
    logout_token: await app.provider.signLogoutToken(claims, sign),
  })
  return app.browser().send(`${app.origin}/bff/backchannel`, { method: 'POST', body })
}

describe('oidcc-client-backchannel-rp-initiated-logout-certification-test-plan', () => {
  test('oidcc-client-test-rp-backchannel-rpinitlogout', async () => {
    const answer = await duringSignOut(() => sendLogoutToken({}))
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('cache-control') ?? '', /no-store/)
    assert.equal(await other.user(), undefined)
  })

  const anotherEvent = { 'http://schemas.openid.net/event/another': {} }
  const refused: [name: string, claims: Record<string, unknown>, sign?: SignOptions][] = [
    ['alg-none', {}, { alg: 'none' }],
    ['no-event', { events: undefined }],
    ['with-nonce', { nonce: 'n' }],
    // The key is in the JWKS; the algorithm is not the pinned one.
    ['wrong-alg', {}, { alg: 'ES256' }],
    ['wrong-aud', { aud: 'another' }],
    ['wrong-event', { events: anotherEvent }],
    ['wrong-iss', { iss: 'https://another.example' }],
  ]
  for (const [name, claims, sign] of refused) {
    test(`oidcc-client-test-rp-backchannel-rpinitlogout-${name}`, async () => {
      const answer = await duringSignOut(() => sendLogoutToken(claims, sign))
      assert.equal(answer.status, 400)
      assert.equal(JSON.parse(answer.body).code, 'logout_token_invalid')
      assert.match(answer.headers.get('cache-control') ?? '', /no-store/)
      assert.equal((await other.user())?.sub, 'alice')
    })
  }
})

describe('oidcc-client-frontchannel-rp-initiated-logout-certification-test-plan', () => {
  test('oidcc-client-test-rp-frontchannel-rpinitlogout', async () => {
    const query = new URLSearchParams({
      iss: app.provider.issuer,
      sid: String(app.provider.state.sid),
    })
    // In an iframe of the provider's page: no browser sends a Strict cookie along.
    const answer = await duringSignOut(() =>
      other.send(`${app.origin}/bff/frontchannel?${query}`, {
        from: app.provider.issuer,
        dest: 'iframe',
      }),
    )
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('cache-control') ?? '', /no-store/)
    assert.equal(await other.user(), undefined)
  })
})
