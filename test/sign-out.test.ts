import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, startApp } from './support/app.ts'
import { until } from './support/remote-fixture.ts'

let app: App
before(async () => {
  app = await startApp()
})
after(() => app.close())
beforeEach(() => {
  app.provider.state.revoked.length = 0
})

async function signedIn() {
  const browser = app.browser()
  await browser.signInHere()
  const logoutUrl = String((await browser.user())?.['bff:logout_url'])
  return { browser, logoutUrl }
}

describe('sign-out', () => {
  test('O1: ends the session here, revokes, then goes to the provider', async () => {
    const { browser, logoutUrl } = await signedIn()
    const answer = await browser.send(`${app.origin}${logoutUrl}&returnUrl=/bye`)
    assert.equal(answer.status, 302)
    const target = new URL(answer.headers.get('location') ?? '')
    assert.equal(target.origin + target.pathname, `${app.provider.issuer}/logout`)
    assert.ok(target.searchParams.get('id_token_hint'))
    assert.equal(
      target.searchParams.get('post_logout_redirect_uri'),
      `${app.origin}/bff/logout-callback`,
    )
    assert.match(answer.headers.getSetCookie().join(), /^bff-\d+=; .*Max-Age=0/)
    assert.equal(await browser.user(), undefined)
    await until(() => app.provider.state.revoked.some((token) => token.startsWith('refresh-')))

    const back = await browser.visit(target, { until: (url) => url.pathname === '/bye' })
    assert.equal(back.status, 303)
    assert.equal(back.headers.get('location'), '/bye')
  })

  test('O4: without the sid, or with a wrong one, nothing ends and nothing is told', async () => {
    const { browser, logoutUrl } = await signedIn()
    const sid = logoutUrl.split('sid=')[1] ?? ''
    for (const [path, code] of [
      ['/bff/logout', 'sid_missing'],
      ['/bff/logout?sid=', 'sid_missing'],
      ['/bff/logout?sid=wrong', 'sid_mismatch'],
      [`/bff/logout?sid=${sid}&sid=wrong`, 'sid_missing'],
      // As long as the right one, and the right one of somebody else.
      [`/bff/logout?sid=${'x'.repeat(sid.length)}`, 'sid_mismatch'],
      [(await signedIn()).logoutUrl, 'sid_mismatch'],
    ]) {
      const answer = await browser.call(path ?? '')
      assert.equal(answer.status, 400)
      assert.equal(JSON.parse(answer.body).code, code)
      assert.ok(!answer.body.includes(sid))
    }
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('O4: the sid of the link is a handle of ours, whether or not the provider has one', async () => {
    const seen = new Set<string>()
    const { sid: latest } = app.provider.state
    for (const sid of [undefined, 'provider-sid', 'another-22-letters-sid']) {
      app.provider.state.sid = sid
      try {
        const { browser, logoutUrl } = await signedIn()
        assert.match(logoutUrl, /^\/bff\/logout\?sid=[\w-]{22}$/)
        seen.add(logoutUrl)
        // The provider's, which every other app and API of that sign-on knows, ends nothing.
        const wrong = await browser.call(`/bff/logout?sid=${sid ?? 'provider-sid'}`)
        assert.equal(JSON.parse(wrong.body).code, 'sid_mismatch')
        assert.equal((await browser.user())?.sub, 'alice')
        assert.equal((await browser.send(`${app.origin}${logoutUrl}`)).status, 302)
        assert.equal(await browser.user(), undefined)
      } finally {
        app.provider.state.sid = latest
      }
    }
    assert.equal(seen.size, 3)
  })

  test('a prefetch of the logout URL signs nobody out', async () => {
    const { browser, logoutUrl } = await signedIn()
    const answer = await browser.call(logoutUrl, { headers: { 'sec-purpose': 'prefetch' } })
    assert.equal(answer.status, 204)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('POST answers where to go, behind the CSRF rule', async () => {
    const { browser } = await signedIn()
    const crossSite = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } }
    assert.equal((await browser.call('/bff/logout', crossSite)).status, 403)
    assert.equal((await browser.user())?.sub, 'alice')
    const answer = await browser.call('/bff/logout', { method: 'POST' })
    assert.equal(answer.status, 200)
    const { redirectUrl } = JSON.parse(answer.body)
    assert.match(redirectUrl, new RegExp(`^${app.origin}/bff/logout\\?leave=`))
    assert.equal(await browser.user(), undefined)
  })

  test('L8: a return URL elsewhere is refused, and the session stays', async () => {
    const { browser, logoutUrl } = await signedIn()
    const answer = await browser.call(`${logoutUrl}&returnUrl=https://evil.example/`)
    assert.equal(answer.status, 400)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('S7: two sign-outs at once revoke once', async () => {
    const { browser, logoutUrl } = await signedIn()
    const answers = await Promise.all([1, 2].map(() => browser.send(`${app.origin}${logoutUrl}`)))
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [302, 302],
    )
    // One refresh token and one access token: a second round would begin before the first is through.
    await until(() => app.provider.state.revoked.length >= 2)
    assert.equal(app.provider.state.revoked.filter((it) => it.startsWith('refresh-')).length, 1)
  })

  test('T8: a failing revocation endpoint does not fail the sign-out', async () => {
    const { browser, logoutUrl } = await signedIn()
    const restore = app.provider.override('revocation', () => ({ status: 503, body: 'down' }))
    try {
      assert.equal((await browser.send(`${app.origin}${logoutUrl}`)).status, 302)
      assert.equal(await browser.user(), undefined)
    } finally {
      restore()
    }
  })

  test('T8: the answer never waits for the revocation', async () => {
    let letGo = () => {}
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const restore = app.provider.override('revocation', async (_, usual) => {
      await gate
      return usual()
    })
    for (const how of ['link', 'navigation', 'script'] as const) {
      const { browser, logoutUrl } = await signedIn()
      const asked = app.provider.counters.revocation
      const { status } =
        how === 'link'
          ? await browser.send(`${app.origin}${logoutUrl}`)
          : await browser.call('/bff/logout', {
              method: 'POST',
              headers: how === 'script' ? {} : { 'sec-fetch-mode': 'navigate' },
            })
      assert.ok(status < 400, `${how}: ${status}`)
      await until(() => app.provider.counters.revocation > asked)
    }
    assert.equal(app.provider.state.revoked.length, 0)
    letGo()
    await until(() => app.provider.state.revoked.length === 6)
    restore()
  })

  test('anonymous, it leads to the return URL', async () => {
    const answer = await app.browser().send(`${app.origin}/bff/logout?returnUrl=/x`)
    assert.equal(answer.status, 302)
    assert.equal(answer.headers.get('location'), '/x')
  })

  test('O10: the way back with a wrong state, two or none leads to the start', async () => {
    for (const query of ['', '?state=', '?state=wrong', '?state=a&state=b', '?error=x']) {
      const back = await app.browser().send(`${app.origin}/bff/logout-callback${query}`)
      assert.equal(back.status, 303, query)
      assert.equal(back.headers.get('location'), '/', query)
    }
  })
})

describe('sign-out with a provider that has neither endpoint (O1, O5)', () => {
  test('O1: still signs out here', async (t) => {
    const metadata = { end_session_endpoint: undefined, revocation_endpoint: undefined }
    const bare = await startApp({ provider: { metadata } })
    t.after(() => bare.close())
    const browser = bare.browser()
    await browser.signInHere()
    const logoutUrl = String((await browser.user())?.['bff:logout_url'])
    const answer = await browser.send(`${bare.origin}${logoutUrl}&returnUrl=/bye`)
    assert.equal(answer.headers.get('location'), '/bye')
    assert.equal(await browser.user(), undefined)
  })
})

describe('back-channel logout (OpenID Connect Back-Channel Logout 1.0)', () => {
  async function send(claims: Record<string, unknown>) {
    const token = await app.provider.signLogoutToken(claims)
    return post(token)
  }
  const post = (token: string) =>
    app.browser().send(`${app.origin}/bff/backchannel`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    })

  test('O2: ends the sessions of the sid, answers 200, and revokes', async () => {
    const { browser } = await signedIn()
    const answer = await send({})
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('cache-control') ?? '', /no-store/)
    assert.equal(await browser.user(), undefined)
    await until(() => app.provider.state.revoked.some((token) => token.startsWith('refresh-')))
  })

  test('O2: by sub when there is no sid', async () => {
    const { browser } = await signedIn()
    assert.equal((await send({ sid: undefined })).status, 200)
    assert.equal(await browser.user(), undefined)
  })

  test('O2: of somebody who is not here: still 200', async () => {
    assert.equal((await send({ sid: 'unknown', sub: 'nobody' })).status, 200)
  })

  test('O2: a token that was seen before is refused', async () => {
    const token = await app.provider.signLogoutToken()
    assert.equal((await post(token)).status, 200)
    assert.equal((await post(token)).status, 400)
  })

  test('O8: a jti is remembered for as long as its token would be accepted', async (t) => {
    const memory = createMemoryStore()
    const remembered: number[] = []
    const create: typeof memory.create = (key, value, ttlMs) => {
      if (key.startsWith('logout-token:')) remembered.push(ttlMs / 1000)
      return memory.create(key, value, ttlMs)
    }
    const own = await startApp({ store: { ...memory, create } })
    t.after(() => own.close())
    const now = Math.floor(Date.now() / 1000)
    // With the 30 s of tolerance; `exp` counts where it comes before the ten minutes.
    for (const [claims, seconds] of [
      [{ exp: now + 7 * 86_400 }, 630],
      [{ exp: undefined }, 630],
      [{ iat: now - 300, exp: now + 86_400 }, 330],
      [{ exp: now + 60 }, 90],
    ] as const) {
      const body = new URLSearchParams({
        logout_token: await own.provider.signLogoutToken(claims),
      })
      const send = () =>
        own.browser().send(`${own.origin}/bff/backchannel`, { method: 'POST', body })
      assert.deepEqual([(await send()).status, (await send()).status], [200, 400])
      const [once = 0, twice = 0] = remembered.splice(0)
      for (const ttl of [once, twice]) assert.ok(ttl > seconds - 30 && ttl <= seconds + 1, `${ttl}`)
    }
  })

  test('O2: no token, two tokens, or none of ours: 400, and the session stays', async () => {
    const { browser } = await signedIn()
    for (const body of [
      new URLSearchParams(),
      new URLSearchParams([
        ['logout_token', 'a'],
        ['logout_token', 'b'],
      ]),
      new URLSearchParams({ logout_token: 'a.b.c' }),
    ]) {
      const answer = await app
        .browser()
        .send(`${app.origin}/bff/backchannel`, { method: 'POST', body })
      assert.equal(answer.status, 400)
      assert.match(answer.headers.get('cache-control') ?? '', /no-store/)
    }
    assert.equal((await browser.user())?.sub, 'alice')
  })
})

describe('a provider whose sign-out page is not for this client', () => {
  test('O10: with oidc.logout: false people are signed out here only', async (t) => {
    const here = await startApp({ config: { oidc: { logout: false } } })
    t.after(() => here.close())
    const browser = here.browser()
    await browser.signInHere()
    const logoutUrl = String((await browser.user())?.['bff:logout_url'])
    const answer = await browser.send(`${here.origin}${logoutUrl}&returnUrl=/bye`)
    assert.equal(answer.headers.get('location'), '/bye')
    assert.equal(await browser.user(), undefined)
    assert.ok(here.provider.state.revoked.length > 0)
    await browser.signInHere()
    const script = await browser.call('/bff/logout?returnUrl=/bye', { method: 'POST' })
    assert.deepEqual(JSON.parse(script.body), { redirectUrl: '/bye' })
    assert.equal(here.provider.counters.endSession, 0)
  })
})
