import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { startApp } from './support/app.ts'

describe('L31: claims of UserInfo', () => {
  async function signedIn(
    t: TestContext,
    oidc: NonNullable<Config['oidc']>,
    claims: object,
    answer?: { status: number; body: string | Record<string, unknown> },
    metadata?: Record<string, unknown>,
  ) {
    const app = await startApp({ config: { oidc }, provider: metadata ? { metadata } : {} })
    t.after(() => app.close())
    app.provider.override('token', async (_, usual) => {
      const found = await usual()
      const asked = app.provider.requests.findLast(({ name }) => name === 'authorize')
      const none = { name: undefined, email: undefined, email_verified: undefined, ...claims }
      const id_token = await app.provider.signIdToken({
        nonce: asked?.params.get('nonce'),
        ...none,
      })
      return { ...found, body: { ...(found.body as object), id_token } }
    })
    app.provider.override('userinfo', (_, usual) => answer ?? usual())
    const browser = app.browser()
    await browser.signInHere()
    return {
      user: await browser.user(),
      asked: app.provider.counters.userinfo,
      events: app.log.events.map(({ event }) => event),
    }
  }
  const found = { status: 200, body: { sub: 'alice', name: 'Alice of UserInfo' } }

  for (const [what, oidc, claims, asked] of [
    ['are read where the ID token has none', {}, {}, 1],
    ['are not needed where it has one', {}, { name: 'Alice' }, 0],
    ['are not needed where it has one of the other scope', {}, { email: 'a@example.com' }, 0],
    ['are not wanted by these scopes', { scope: 'openid' }, {}, 0],
    ['are left alone', { userinfo: false }, {}, 0],
    ['are read always', { userinfo: true }, { name: 'Alice' }, 1],
  ] as [string, NonNullable<Config['oidc']>, object, number][]) {
    test(`L31: ${what}`, async (t) => {
      const result = await signedIn(t, oidc, claims, found)
      assert.equal(result.asked, asked)
      assert.equal(result.user?.sub, 'alice')
      if (asked > 0 && !('name' in claims)) assert.equal(result.user?.name, 'Alice of UserInfo')
    })
  }

  test('L31: an endpoint that fails costs these claims only, and is told', async (t) => {
    for (const answer of [
      { status: 500, body: 'x' },
      { status: 403, body: { error: 'insufficient_scope' } },
      { status: 200, body: 'no JSON' },
    ]) {
      const result = await signedIn(t, {}, {}, answer)
      assert.equal(result.user?.sub, 'alice')
      assert.ok(result.events.includes('user_info.failed'))
    }
  })

  test('L31: with true it fails the sign-in, and a foreign sub always does', async (t) => {
    const failing = await signedIn(t, { userinfo: true }, {}, { status: 500, body: 'x' })
    assert.equal(failing.user, undefined)
    const foreign = { status: 200, body: { sub: 'mallory', name: 'M' } }
    assert.equal((await signedIn(t, {}, {}, foreign)).user, undefined)
  })

  test('L31: without an endpoint nothing is asked', async (t) => {
    const result = await signedIn(t, {}, {}, undefined, { userinfo_endpoint: undefined })
    assert.deepEqual([result.asked, result.user?.sub], [0, 'alice'])
  })
})
