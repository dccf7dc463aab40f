import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { type App, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp()
})
after(() => app.close())

/** A program that says nothing of where its requests come from. */
const noBrowser = { 'sec-fetch-dest': undefined }

describe('sign-in (OpenID Connect Core, RFC 7636)', () => {
  test('L1: asks with the code flow, PKCE S256, state and nonce of 32 bytes each', async () => {
    const { status, headers } = await app.browser().send(`${app.origin}/bff/login`)
    assert.equal(status, 302)
    const query = new URL(headers.get('location') ?? '').searchParams
    assert.equal(query.get('response_type'), 'code')
    assert.equal(query.get('code_challenge_method'), 'S256')
    for (const name of ['nonce', 'code_challenge']) {
      assert.equal(Buffer.from(query.get(name) ?? '', 'base64url').length, 32, name)
    }
    const again = await app.browser().send(`${app.origin}/bff/login`)
    const other = new URL(again.headers.get('location') ?? '').searchParams
    const random = (from: URLSearchParams) =>
      Buffer.from(from.get('state') ?? '', 'base64url').subarray(4, 36)
    assert.equal(random(query).length, 32)
    assert.notDeepEqual(random(query), random(other))
    assert.equal(query.get('redirect_uri'), `${app.origin}/bff/callback`)
    assert.match(headers.get('cache-control') ?? '', /no-store/)
  })

  test('signs in, comes back to the deep link, and says who it is', async () => {
    const browser = app.browser()
    const last = await browser.signInHere('?returnUrl=/orders/7%3Fa%3Db%23c')
    assert.equal(last.status, 303)
    assert.equal(last.headers.get('location'), '/orders/7?a=b#c')
    const user = await browser.user()
    assert.equal(user?.sub, 'alice')
    assert.equal(user?.name, 'Alice Größer 漢 🎟')
    assert.ok(Number(user?.['bff:session_expires_in']) > 1700)
    assert.match(String(user?.['bff:logout_url']), /^\/bff\/logout\?sid=[\w-]{22}$/)
  })

  test('passes on the named parameters and nothing else', async () => {
    const query =
      '?prompt=login&login_hint=al&acr_values=high&max_age=60&ui_locales=de&scope=x&redirect_uri=y'
    const { headers } = await app.browser().send(`${app.origin}/bff/login${query}`)
    const sent = new URL(headers.get('location') ?? '').searchParams
    assert.equal(sent.get('prompt'), 'login')
    assert.equal(sent.get('login_hint'), 'al')
    assert.equal(sent.get('acr_values'), 'high')
    assert.equal(sent.get('max_age'), '60')
    assert.equal(sent.get('ui_locales'), 'de')
    assert.equal(sent.get('scope'), 'openid profile email offline_access')
    assert.equal(sent.get('redirect_uri'), `${app.origin}/bff/callback`)
  })

  test('L8: a return URL elsewhere is refused before anything starts', async () => {
    for (const url of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
      const path = `/bff/login?returnUrl=${encodeURIComponent(url)}`
      const answer = await app.browser().call(path, { headers: noBrowser })
      assert.equal(answer.status, 400)
      assert.equal(JSON.parse(answer.body).code, 'bad_return_url')
      assert.deepEqual(answer.headers.getSetCookie(), [])
    }
  })

  test('a prompt that the provider says it lacks is refused', async () => {
    const answer = await app.browser().call('/bff/login?prompt=create', { headers: noBrowser })
    assert.equal(answer.status, 400)
    assert.equal(JSON.parse(answer.body).code, 'bad_prompt')
  })

  test('L10: a prefetch starts no sign-in', async () => {
    for (const headers of [
      { 'sec-purpose': 'prefetch' },
      { purpose: 'prefetch' },
      { 'next-router-prefetch': '1' },
    ]) {
      const answer = await app.browser().send(`${app.origin}/bff/login`, { headers })
      assert.equal(answer.status, 204)
      assert.deepEqual(answer.headers.getSetCookie(), [])
    }
  })
})

describe('the callback', () => {
  async function begun() {
    const browser = app.browser()
    const { headers } = await browser.send(`${app.origin}/bff/login?returnUrl=/deep`)
    const callback = await app.provider.approve(headers.get('location') ?? '')
    return { browser, callback }
  }
  const tokenRequests = () => app.provider.counters.token

  test('L2: two sign-ins in two tabs both succeed', async () => {
    const browser = app.browser()
    const one = await browser.send(`${app.origin}/bff/login?returnUrl=/one`)
    const two = await browser.send(`${app.origin}/bff/login?returnUrl=/two`)
    for (const [start, path] of [
      [two, '/two'],
      [one, '/one'],
    ] as const) {
      const callback = await app.provider.approve(start.headers.get('location') ?? '')
      const answer = await browser.send(callback)
      assert.equal(answer.headers.get('location'), path)
    }
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test("L2: another browser's answer reaches no token endpoint and makes no session", async () => {
    const { callback } = await begun()
    const victim = app.browser()
    const before = tokenRequests()
    const answer = await victim.send(callback)
    assert.equal(answer.status, 302)
    assert.match(answer.headers.get('location') ?? '', /\/authorize\?/)
    assert.equal(tokenRequests(), before)
    assert.equal(await victim.user(), undefined)
  })

  test('L2: a replayed callback makes no second token request', async () => {
    const { browser, callback } = await begun()
    const cookies = new Map(browser.jar.get('localhost'))
    const before = tokenRequests()
    await browser.send(callback)
    browser.jar.set('localhost', cookies)
    const again = await browser.send(callback)
    assert.equal(again.status, 303)
    assert.equal(again.headers.get('location'), '/deep')
    assert.equal(tokenRequests(), before + 1)
  })

  test('L2: an expired transaction is none', async () => {
    const { browser, callback } = await begun()
    app.advance(601_000)
    const before = tokenRequests()
    await browser.send(callback)
    assert.equal(tokenRequests(), before)
  })

  test('L11: a lost transaction restarts once, and then a page says so', async () => {
    const { callback } = await begun()
    const browser = app.browser()
    const restarted = await browser.send(callback)
    const again = await app.provider.approve(restarted.headers.get('location') ?? '')
    browser.jar.clear()
    const page = await browser.send(again)
    assert.equal(page.status, 400)
    assert.match(page.headers.get('content-type') ?? '', /text\/html/)
    assert.match(page.body, /Sign in again/)
    assert.ok(!page.headers.has('location'))
  })

  test('L11: with a session, a used callback leads to its return URL', async () => {
    const { browser, callback } = await begun()
    await browser.send(callback)
    // As after a reload, which brings a Strict cookie along.
    const headers = {
      cookie: `${app.cookies.ticket}=${browser.jar.get('localhost')?.get(app.cookies.ticket)}`,
    }
    const again = await browser.send(callback, { headers })
    assert.equal(again.status, 303)
    assert.equal(again.headers.get('location'), '/deep')
  })

  test('L4: duplicate protocol parameters are refused, unknown ones ignored', async () => {
    const twice = await begun()
    twice.callback.searchParams.append('state', 'other')
    assert.equal((await twice.browser.send(twice.callback)).status, 400)
    const code = await begun()
    code.callback.searchParams.append('code', 'other')
    const before = tokenRequests()
    assert.equal((await code.browser.send(code.callback)).status, 400)
    assert.equal(tokenRequests(), before)
    const unknown = await begun()
    unknown.callback.searchParams.append('whatever', '1')
    assert.equal((await unknown.browser.send(unknown.callback)).status, 303)
  })

  test('L4: an error answer is shown without anything that the provider wrote', async () => {
    const { browser, callback } = await begun()
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set('error_description', '<script>alert(1)</script>\r\nX: y')
    const page = await browser.send(callback)
    assert.equal(page.status, 400)
    assert.doesNotMatch(page.body, /script|alert/)
    // The log has the words, on one line (A60).
    assert.doesNotMatch(inspect(app.log.events, { depth: 9 }), /\\r|\\n/)
  })

  test('L9: a new id at every sign-in, and the old session ends', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const old = browser.jar.get('localhost')?.get(app.cookies.ticket) ?? ''
    await browser.signInHere()
    assert.notEqual(browser.jar.get('localhost')?.get(app.cookies.ticket), old)
    const thief = app.browser()
    thief.jar.set('localhost', new Map([[app.cookies.ticket, old]]))
    assert.equal(await thief.user(), undefined)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('L9: the old session ends though no browser sends its Strict ticket to the callback', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const old = browser.jar.get('localhost')?.get(app.cookies.ticket) ?? ''
    const { headers } = await browser.send(`${app.origin}/bff/login`)
    const callback = await app.provider.approve(headers.get('location') ?? '')
    browser.jar.get('localhost')?.delete(app.cookies.ticket)
    assert.equal((await browser.send(callback)).status, 303)
    const thief = app.browser()
    thief.jar.set('localhost', new Map([[app.cookies.ticket, old]]))
    assert.equal(await thief.user(), undefined)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('L9: a planted ticket is never adopted', async () => {
    const attacker = app.browser()
    await attacker.signInHere()
    const planted = attacker.jar.get('localhost')?.get(app.cookies.ticket) ?? ''
    const victim = app.browser()
    victim.jar.set('localhost', new Map([[app.cookies.ticket, planted]]))
    await victim.signInHere()
    assert.notEqual(victim.jar.get('localhost')?.get(app.cookies.ticket), planted)
  })

  test('L9: a failed sign-in leaves the session that there is', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const { headers } = await browser.send(`${app.origin}/bff/login`)
    const callback = await app.provider.approve(headers.get('location') ?? '')
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    assert.equal((await browser.send(callback)).status, 400)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('L13: a failing token endpoint makes no session, and the next try works', async () => {
    const browser = app.browser()
    app.provider.once('token', () => ({ status: 500, body: 'oops' }))
    const failed = await browser.signInHere()
    assert.equal(failed.status, 503)
    assert.equal(await browser.user(), undefined)
    await browser.signInHere()
    assert.equal((await browser.user())?.sub, 'alice')
  })
})

describe('the callback with form_post', () => {
  test('takes the answer from a form, and nothing else from a POST', async (t) => {
    const posting = await startApp({ config: { oidc: { responseMode: 'form_post' } } })
    t.after(() => posting.close())
    const browser = posting.browser()
    const { headers } = await browser.send(`${posting.origin}/bff/login?returnUrl=/deep`)
    assert.match(headers.getSetCookie().join(), /SameSite=None/)
    const form = await fetch(headers.get('location') ?? '').then((it) => it.text())
    const fields = new URLSearchParams()
    for (const [, name = '', value = ''] of form.matchAll(/name="(\w+)" value="([^"]*)"/g)) {
      fields.set(name, value)
    }
    const url = `${posting.origin}/bff/callback`
    const json = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }
    assert.equal((await browser.send(url, json)).status, 400)
    const answer = await browser.send(url, { method: 'POST', body: fields })
    assert.equal(answer.status, 303)
    assert.equal(answer.headers.get('location'), '/deep')
    assert.equal((await browser.user())?.sub, 'alice')
  })
})

describe('a cold start', () => {
  test('L14: makes one discovery and one JWKS request, whatever the concurrency', async (t) => {
    const cold = await startApp()
    t.after(() => cold.close())
    await Promise.all(Array.from({ length: 20 }, () => cold.browser().signInHere()))
    assert.equal(cold.provider.counters.discovery, 1)
    assert.equal(cold.provider.counters.jwks, 1)
    assert.equal(cold.provider.counters.token, 20)
  })

  test('L13: a provider that is down costs a clear error, and no restart', async (t) => {
    const cold = await startApp()
    t.after(() => cold.close())
    cold.provider.override('discovery', () => ({ status: 503, body: 'down' }))
    const answer = await cold.browser().call('/bff/login', { headers: noBrowser })
    assert.equal(answer.status, 503)
    assert.equal(JSON.parse(answer.body).code, 'provider_unavailable')
    assert.ok(answer.headers.has('retry-after'))
    cold.provider.override('discovery')
    cold.advance(5000)
    const last = await cold.browser().signInHere()
    assert.equal(last.status, 303)
  })
})
