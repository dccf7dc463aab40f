import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { oneCloakroom } from './support/cookie-names.ts'
import { until } from './support/remote-fixture.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

type Sign = Parameters<ScriptedProvider['signIdToken']>[1]

/** Later than the five minutes that the scripted provider's access tokens live. */
const expired = 301_000
const now = Math.floor(Date.now() / 1000)

let app: App
before(async () => {
  app = await startApp({
    config: { oidc: { idTokenAlg: 'RS256' }, session: { idle: '1d', absolute: '30d' } },
  })
})
after(() => app.close())

/** A browser that has signed in, and the ID token of that sign-in. */
async function signedIn() {
  let idToken = ''
  app.provider.once('token', async (_, usual) => {
    const answer = await usual()
    idToken = String((answer.body as { id_token: unknown }).id_token)
    return answer
  })
  const browser = app.browser()
  await browser.signInHere()
  return { browser, idToken }
}

/** The next token answer has this ID token. */
function answerWith(make: () => Promise<unknown> | unknown): void {
  app.provider.once('token', async (_, usual) => {
    const answer = await usual()
    return { ...answer, body: { ...(answer.body as object), id_token: await make() } }
  })
}

async function call(browser: AppBrowser): Promise<number> {
  app.advance(expired)
  return (await browser.call('/api/remote/api/x')).status
}

async function hintOf(browser: AppBrowser): Promise<string | null> {
  const url = String((await browser.user())?.['bff:logout_url'])
  const { headers } = await browser.send(`${app.origin}${url}`)
  return new URL(headers.get('location') ?? '').searchParams.get('id_token_hint')
}

const newestRefreshToken = () => [...app.provider.state.refreshTokens.keys()].at(-1)
const warnings = () =>
  app.log.events.filter(({ event }) => event === 'token.refresh.id_token_refused')

describe('T22: an ID token that cannot be verified', () => {
  const signed = (claims: Record<string, unknown>, sign?: Sign) => () =>
    app.provider.signIdToken({ name: 'New Name', ...claims }, sign)
  const cases: [string, () => Promise<unknown> | unknown][] = [
    ['of an unknown key', signed({}, { key: 'foreign' })],
    ['of a new key under the old kid', signed({}, { key: 'foreign', kid: 'key-0-rs256' })],
    ['without a kid', signed({}, { key: 'foreign', kid: null })],
    ['unsigned', signed({}, { alg: 'none' })],
    ['of another algorithm', signed({}, { alg: 'ES256' })],
    ['for two without azp', signed({ aud: ['cloakroom-test', 'another'] })],
    ['for another client', signed({ aud: 'another' })],
    ['expired', signed({ iat: now - 9000, exp: now - 3600 })],
    ['of a clock that runs ahead', signed({ iat: now + 3600, exp: now + 9000 })],
    ['without exp', signed({ exp: undefined })],
    ['without sub', signed({ sub: undefined })],
    ['that is no JWT', () => 'not.a.token'],
    ['that is no JWT at all', () => 'nonsense'],
  ]
  // Odd types name nobody else: what cannot be believed cannot be another person's either.
  const odd = { null: null, number: 42, boolean: true, list: ['alice'], object: {}, empty: '' }
  for (const claim of ['sub', 'iss', 'aud', 'azp']) {
    for (const [type, value] of Object.entries(odd)) {
      // That is no azp at all (L24).
      if (claim === 'azp' && (value === null || value === '')) continue
      cases.push([`of a ${claim} that is ${type}`, signed({ [claim]: value })])
    }
  }
  cases.push(['of the issuer in a list', () => signed({ iss: [app.provider.issuer] })()])
  for (const [title, make] of cases) {
    test(`T22: ${title} costs nobody the session, and changes nothing`, async () => {
      const { browser } = await signedIn()
      const before = await browser.user()
      const warned = warnings().length
      answerWith(make)
      assert.equal(await call(browser), 200)
      assert.equal(warnings().length, warned + 1)
      assert.equal((await browser.user())?.name, before?.name)
      const rotated = newestRefreshToken()
      assert.equal(await call(browser), 200)
      const sent = app.provider.tokenRequests('refresh_token').at(-1)
      assert.equal(sent?.get('refresh_token'), rotated)
    })
  }

  test('T22: is not kept for the sign-out either', async () => {
    const { browser, idToken } = await signedIn()
    answerWith(signed({}, { key: 'foreign' }))
    assert.equal(await call(browser), 200)
    assert.equal(await hintOf(browser), idToken)
  })

  test('T22: the tokens are saved before a key set is waited for, and work at once elsewhere', async (t) => {
    const provider = await startScriptedProvider()
    t.after(() => provider.close())
    const store = createMemoryStore()
    const [one, other] = [
      await startApp({ config: oneCloakroom, provider, store }),
      await startApp({ config: oneCloakroom, provider, store }),
    ]
    t.after(() => Promise.all([one.close(), other.close()]))
    const browser = one.browser()
    await browser.signInHere()
    await provider.rotateKeys()
    let letGo = () => {}
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    provider.override('jwks', async () => {
      await gate
      return { status: 503 }
    })
    const asked = provider.counters.jwks
    one.advance(expired)
    const slow = browser.call('/api/remote/api/x')
    await until(() => provider.counters.jwks > asked)
    other.advance(expired)
    const answer = await browser.send(`${other.origin}/api/remote/api/x`, {
      from: other.origin,
      dest: 'empty',
      headers: { 'x-csrf': '1' },
    })
    assert.equal(answer.status, 200)
    letGo()
    assert.equal((await slow).status, 200)
    assert.equal(provider.tokenRequests('refresh_token').length, 1)
  })
})

describe('T22: a refreshed ID token of somebody else', () => {
  for (const [title, claims] of [
    ['another user', { sub: 'mallory' }],
    ['another issuer', { iss: 'https://evil.example' }],
  ] as const) {
    test(`T22: ${title}: nothing is saved, the new tokens are revoked, the session ends`, async () => {
      const { browser } = await signedIn()
      const revoked = app.provider.state.revoked.length
      const calls = app.apiRequests.length
      // Signed by nobody that we know: it is read, not verified.
      answerWith(() => app.provider.signIdToken(claims, { key: 'foreign' }))
      assert.equal(await call(browser), 401)
      assert.equal(await browser.user(), undefined)
      assert.equal(app.apiRequests.length, calls)
      assert.equal(app.provider.state.revoked.length, revoked + 2)
      assert.ok(app.provider.state.revoked.includes(String(newestRefreshToken())))
    })
  }
})
