import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import type { ClaimsContext } from '#lib/config/hooks.ts'
import { startApp } from './support/app.ts'

describe('the claims hook', () => {
  const settings = (claims: Config['claims']): Config => ({
    session: { claims: ['sub', 'name', 'role'] },
    ...(claims ? { claims } : {}),
  })

  test('decides what the page is told, at sign-in and after a refresh', async (t) => {
    const reasons: string[] = []
    const app = await startApp({
      config: settings(async ({ claims, reason }) => {
        reasons.push(reason)
        return { ...claims, role: `${reason} of ${claims.name}`, secret: 'not in session.claims' }
      }),
    })
    t.after(() => app.close())
    const browser = app.browser()
    await browser.signInHere()
    assert.equal((await browser.user())?.role, 'sign-in of Alice Größer 漢 🎟')
    app.provider.state.claims = { ...app.provider.state.claims, name: 'Alice II' }
    app.advance(301_000)
    await browser.call('/api/remote/api/x')
    const user = await browser.user()
    assert.deepEqual([user?.name, user?.role], ['Alice II', 'refresh of Alice II'])
    assert.equal(user?.secret, undefined)
    assert.deepEqual(reasons, ['sign-in', 'refresh'])
  })

  test('S18: is given what the ID token, UserInfo and an access token that is a JWT say', async (t) => {
    const seen: ClaimsContext[] = []
    const app = await startApp({
      config: {
        oidc: { userinfo: true },
        ...settings((context) => {
          seen.push(context)
          const { roles } = (context.accessToken?.realm_access ?? {}) as { roles?: string[] }
          return { ...context.claims, role: roles }
        }),
      },
    })
    t.after(() => app.close())
    let role = 'editor'
    app.provider.override('token', async (_, usual) => {
      const answer = await usual()
      const realm_access = { roles: [role] }
      const access_token = await app.provider.signIdToken({ realm_access, aud: 'api' })
      return { ...answer, body: { ...(answer.body as object), access_token } }
    })
    const info = { sub: 'alice', name: 'of UserInfo', nickname: 'Al' }
    app.provider.override('userinfo', () => ({ body: info }))
    const browser = app.browser()
    await browser.signInHere()
    assert.equal((await browser.user())?.role, 'editor')
    role = 'reader'
    app.advance(301_000)
    await browser.call('/api/remote/api/x')
    assert.equal((await browser.user())?.role, 'reader')
    const [first, second] = seen
    assert.deepEqual(first?.userinfo, info)
    assert.deepEqual([first?.idToken.name, first?.claims.name], Array(2).fill('Alice Größer 漢 🎟'))
    assert.deepEqual([first?.idToken.nickname, first?.claims.nickname], [undefined, 'Al'])
    assert.deepEqual([second?.userinfo, second?.reason], [undefined, 'refresh'])
    assert.ok(seen.every((it) => !JSON.stringify(it).includes('eyJ')))
  })

  test('S18: an opaque access token says nothing', async (t) => {
    const seen: ClaimsContext[] = []
    const app = await startApp({
      config: settings((context) => {
        seen.push(context)
        return { ...context.claims }
      }),
    })
    t.after(() => app.close())
    await app.browser().signInHere()
    assert.deepEqual(Object.keys(seen[0] ?? {}).sort(), ['claims', 'idToken', 'reason'])
  })

  test('that throws at sign-in signs nobody in', async (t) => {
    const app = await startApp({
      config: settings(() => {
        throw new Error('a directory is down')
      }),
    })
    t.after(() => app.close())
    const browser = app.browser()
    const { status, body } = await browser.signInHere()
    assert.equal(status, 500)
    assert.ok(!body.includes('directory'))
    assert.equal(await browser.user(), undefined)
  })

  test('T7: that throws after a refresh costs neither the tokens nor the session', async (t) => {
    let broken = false
    const app = await startApp({
      config: settings(({ claims }) => {
        if (broken) throw new Error('a directory is down')
        return { ...claims, role: 'guest' }
      }),
    })
    t.after(() => app.close())
    const browser = app.browser()
    await browser.signInHere()
    broken = true
    // Twice, since the provider replaces the refresh token: one that was not saved would be the last.
    for (const round of [1, 2]) {
      app.advance(301_000)
      assert.equal((await browser.call('/api/remote/api/x')).status, 200, `round ${round}`)
    }
    const user = await browser.user()
    assert.deepEqual([user?.name, user?.role], ['Alice Größer 漢 🎟', 'guest'])
    const logged = app.log.events.filter(({ event }) => event === 'unexpected.error')
    assert.equal(logged.length, 2)
  })
})
