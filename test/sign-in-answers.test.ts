import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { KeyValue } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { until } from './support/remote-fixture.ts'

let app: App
before(async () => {
  app = await startApp()
})
after(() => app.close())

async function begun(query = '?returnUrl=/deep', browser: AppBrowser = app.browser()) {
  const { headers } = await browser.send(`${app.origin}/bff/login${query}`)
  const callback = await app.provider.approve(headers.get('location') ?? '')
  return { browser, callback }
}

function logout(logoutToken: string) {
  return fetch(`${app.origin}/bff/backchannel`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: logoutToken }),
  })
}

describe('a back-channel logout while the code is redeemed', () => {
  for (const [title, claims] of [
    ['of the sid', {}],
    ['of the sid alone', { sub: undefined }],
    ['of the sub', { sid: undefined }],
  ] as const) {
    test(`L16: ${title} wins, and the tokens are revoked`, async () => {
      const { browser, callback } = await begun()
      const before = await app.bff.sessions.list('alice')
      app.provider.state.revoked.length = 0
      app.provider.once('token', async (_, usual) => {
        const answer = await usual()
        assert.equal((await logout(await app.provider.signLogoutToken(claims))).status, 200)
        return answer
      })
      const page = await browser.send(callback)
      assert.equal(page.status, 400)
      assert.match(page.body, /href="\/bff\/login\?returnUrl=%2Fdeep"/)
      assert.equal(await browser.user(), undefined)
      const left = await app.bff.sessions.list('alice')
      // A logout by `sub` ends the user's other sessions too.
      assert.deepEqual(left, 'sid' in claims ? [] : before)
      await until(() => app.provider.state.revoked.some((token) => token.startsWith('refresh-')))

      app.advance(1)
      await browser.signInHere()
      assert.equal((await browser.user())?.sub, 'alice', 'a new sign-in is not meant by it')
    })
  }

  test('L16: whose form lay open during a logout elsewhere signs in all the same', async (t) => {
    const { browser, callback } = await begun()
    app.advance(1000)
    assert.equal((await logout(await app.provider.signLogoutToken({ sid: undefined }))).status, 200)
    app.provider.state.claims.auth_time = Math.floor(app.now() / 1000) + 2
    t.after(() => delete app.provider.state.claims.auth_time)
    assert.equal((await browser.send(callback)).status, 303)
    assert.equal((await browser.user())?.sub, 'alice')
    app.advance(5000)
  })

  test('L16: a mark is there before sessions are looked for', async (t) => {
    const memory = createMemoryStore()
    const calls: string[] = []
    const store: KeyValue = {
      ...memory,
      async members(key) {
        calls.push(`look ${key.split(':')[0]}`)
        return memory.members(key)
      },
      async addMember(key, member, ttlMs) {
        if (!key.startsWith('left-tokens:')) calls.push(`add ${key.split(':')[0]}`)
        return memory.addMember(key, member, ttlMs)
      },
    }
    const watched = await startApp({ store })
    t.after(() => watched.close())
    const token = await watched.provider.signLogoutToken()
    await fetch(`${watched.origin}/bff/backchannel`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    })
    assert.deepEqual(calls, ['add ended-sid', 'look sid'])
    calls.length = 0
    await watched.browser().signInHere()
    assert.deepEqual(calls.slice(0, 2).sort(), ['add sid', 'add sub'])
    assert.deepEqual(calls.slice(-2).sort(), ['look ended-sid', 'look ended-sub'])
  })

  test('L16: one of another session of the user ends this one as little as a finished one', async () => {
    const { browser, callback } = await begun()
    app.provider.once('token', async (_, usual) => {
      assert.equal((await logout(await app.provider.signLogoutToken({ sid: 'other' }))).status, 200)
      return usual()
    })
    assert.equal((await browser.send(callback)).status, 303)
    assert.equal((await browser.user())?.sub, 'alice')
  })
})

describe('what was asked of a sign-in', () => {
  /** The ID token of the next sign-in says this. */
  async function answering(claims: Record<string, unknown>, query: string) {
    const { browser, callback } = await begun(query)
    Object.assign(app.provider.state.claims, claims)
    const answer = await browser.send(callback).finally(() => {
      for (const name of Object.keys(claims)) delete app.provider.state.claims[name]
    })
    return { browser, answer }
  }
  const warnings = () => app.log.events.filter(({ event }) => event === 'sign_in.acr_missing')

  test('L18: an acr that was not asked for fails the sign-in, and the page keeps the way', async () => {
    const query = '?returnUrl=/deep%3Fa%3D1&acr_values=gold%20idp:x&max_age=600'
    const { browser, answer } = await answering({ acr: 'bronze' }, query)
    assert.equal(answer.status, 400)
    assert.equal(await browser.user(), undefined)
    assert.match(answer.body, /<a href="\/deep\?a=1"/)
    const good = await answering({ acr: 'gold' }, query)
    assert.equal(good.answer.headers.get('location'), '/deep?a=1')
    assert.deepEqual(warnings(), [])
  })

  test('L18: another failure leads to the same sign-in, with all that was asked of it', async () => {
    const query = '?returnUrl=/deep%3Fa%3D1&acr_values=gold%20idp:x&max_age=600'
    const { answer } = await answering({ iss: 'https://another.example' }, query)
    const href = /<a href="([^"]*)"/.exec(answer.body)?.[1]?.replaceAll('&#38;', '&')
    const again = new URL(href ?? '', app.origin)
    assert.equal(again.pathname, '/bff/login')
    assert.deepEqual(Object.fromEntries(again.searchParams), {
      returnUrl: '/deep?a=1',
      acr_values: 'gold idp:x',
      max_age: '600',
    })
  })

  test('L18: no acr at all passes, with one warning', async () => {
    const { browser, answer } = await answering({}, '?acr_values=gold')
    assert.equal(answer.status, 303)
    assert.equal((await browser.user())?.sub, 'alice')
    assert.equal(warnings().length, 1)
    await answering({}, '?acr_values=idp:x')
    assert.equal(warnings().length, 1, 'idp: asks for no level')
  })

  test('L18: an auth_time that is too old for max_age fails the sign-in', async () => {
    const old = Math.floor(Date.now() / 1000) - 3600
    assert.equal((await answering({ auth_time: old }, '?max_age=60')).answer.status, 400)
    assert.equal((await answering({ auth_time: old }, '?max_age=7200')).answer.status, 303)
  })

  test('L18: a restarted sign-in still asks for it, and ends at its page', async () => {
    const { callback } = await begun('?returnUrl=/deep&acr_values=gold&max_age=600')
    const browser = app.browser()
    const restarted = await browser.send(callback)
    const asked = new URL(restarted.headers.get('location') ?? '').searchParams
    assert.deepEqual([asked.get('acr_values'), asked.get('max_age')], ['gold', '600'])
    const again = await app.provider.approve(restarted.headers.get('location') ?? '')
    assert.equal((await browser.send(again)).headers.get('location'), '/deep')
  })

  test('L18: oidc.params.acr_values is a wish', async (t) => {
    const wishing = await startApp({
      config: { oidc: { params: { acr_values: 'gold' } } },
      provider: { claims: { sub: 'alice', acr: 'bronze' } },
    })
    t.after(() => wishing.close())
    const browser = wishing.browser()
    await browser.signInHere()
    assert.equal((await browser.user())?.sub, 'alice')
    assert.ok(!wishing.log.events.some(({ event }) => event === 'sign_in.acr_missing'))
  })

  test('L18: the deep link stays when the provider is down', async (t) => {
    const cold = await startApp()
    t.after(() => cold.close())
    cold.provider.override('discovery', () => ({ status: 503, body: 'down' }))
    const target = '/bff/login?returnUrl=%2Fdeep&acr_values=gold'
    const page = await cold.browser().send(`${cold.origin}${target}`)
    assert.equal(page.status, 503)
    assert.ok(page.body.includes(`href="${target.replaceAll('&', '&#38;')}"`), page.body)
  })
})

describe('an answer with an error', () => {
  async function failing(error: string) {
    const { browser, callback } = await begun()
    callback.searchParams.delete('code')
    callback.searchParams.set('error', error)
    return { browser, answer: await browser.send(callback) }
  }
  const members = Object.getOwnPropertyNames(Object.prototype)
  const known = ['access_denied', 'temporarily_unavailable', 'server_error', 'unauthorized_client']
  const texts = [...members, ...known, 'login_required', 'null', '0', '<b>', 'ü漢🎟', '\r\n', '%00']

  test('L19: whatever it is called, it is 4xx, and the transaction cookie goes', async () => {
    const value = fc.oneof(fc.constantFrom(...texts), fc.string({ minLength: 1 }))
    const check = async (error: string) => {
      const { browser, answer } = await failing(error)
      assert.ok(answer.status >= 400 && answer.status < 500, `${error}: ${answer.status}`)
      assert.match(answer.headers.getSetCookie().join(), /^bff-\d+-tx\.\d=; .*Max-Age=0/, error)
      assert.equal(browser.jar.get('localhost')?.size, 0)
    }
    for (const error of texts) await check(error)
    await fc.assert(fc.asyncProperty(value, check), { numRuns: 50 })
    assert.ok(!app.log.events.some(({ event }) => event === 'request.failed'))
  })

  test('L19: a failed form_post sign-in shows a page', async (t) => {
    const posting = await startApp({ config: { oidc: { responseMode: 'form_post' } } })
    t.after(() => posting.close())
    const browser = posting.browser()
    const { headers } = await browser.send(`${posting.origin}/bff/login?returnUrl=/deep`)
    const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? ''
    const send = (fields: Record<string, string>) =>
      browser.send(`${posting.origin}/bff/callback`, {
        method: 'POST',
        body: new URLSearchParams({ iss: posting.provider.issuer, ...fields }),
      })
    const pages = [
      await send({ state: 'foreign', code: 'c' }),
      await send({ state, error: 'access_denied' }),
    ]
    for (const page of pages) {
      assert.equal(page.status, 400)
      assert.match(page.headers.get('content-type') ?? '', /text\/html/)
      assert.match(page.body, /Sign in again/)
    }
    assert.match(pages[1]?.body ?? '', /href="\/bff\/login\?returnUrl=%2Fdeep"/)
  })
})
