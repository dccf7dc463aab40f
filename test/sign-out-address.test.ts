import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'

let app: App
const store = createMemoryStore({ now: () => app.now() })
const stored: string[] = []
before(async () => {
  const create: typeof store.create = (key, value, ttlMs) => {
    stored.push(key, value)
    return store.create(key, value, ttlMs)
  }
  app = await startApp({ store: { ...store, create } })
})
after(() => app.close())

/** Signs in and out again, as a script of the page does. */
async function leaving(query = '') {
  const browser = app.browser()
  await browser.signInHere()
  const answer = await browser.call(`/bff/logout${query}`, { method: 'POST' })
  assert.equal(answer.status, 200)
  return { browser, answer, address: new URL(JSON.parse(answer.body).redirectUrl) }
}

const navigate = (browser: AppBrowser, address: URL, dest = 'document') =>
  browser.send(address, {
    headers: {
      'sec-fetch-dest': dest,
      'sec-fetch-mode': dest === 'document' ? 'navigate' : 'cors',
    },
  })

const atProvider = (location: string | null) =>
  new URL(location ?? '').href.startsWith(`${app.provider.issuer}/logout?`)

describe('O6: POST /bff/logout gives a script an address of ours', () => {
  test('O6: its answer has no ID token, in body or headers, and neither has the address', async () => {
    const { browser, answer, address } = await leaving('?returnUrl=/bye')
    assert.equal(address.origin, app.origin)
    const everything = [answer.body, ...[...answer.headers].flat()].join('\n')
    assert.doesNotMatch(everything, /eyJ|id_token/)
    assert.ok(address.href.length < 200, 'however long the ID token is')
    // Nor does the store show it (S6).
    assert.doesNotMatch(stored.filter((_, i) => i % 2).join(), /id_token_hint/)
    assert.ok(!stored.join().includes(address.searchParams.get('leave') ?? ''))

    const out = await navigate(browser, address)
    assert.equal(out.status, 302)
    assert.ok(atProvider(out.headers.get('location')))
    assert.match(out.headers.get('location') ?? '', /id_token_hint=eyJ/)
    assert.match(out.headers.get('cache-control') ?? '', /no-store/)
    assert.equal(out.headers.get('referrer-policy'), 'no-referrer')
    const target = new URL(out.headers.get('location') ?? '')
    const back = await browser.visit(target, { until: ({ pathname }) => pathname === '/bye' })
    assert.equal(back.headers.get('location'), '/bye')
    assert.equal(browser.jar.get('localhost')?.size, 0, 'nothing of the sign-out is left behind')
  })

  test('O6: the address redirects once', async () => {
    const { browser, address } = await leaving()
    const cookies = new Map(browser.jar.get('localhost'))
    assert.ok(atProvider((await navigate(browser, address)).headers.get('location')))
    for (let i = 0; i < 2; i += 1) {
      browser.jar.set('localhost', new Map(cookies))
      const again = await navigate(browser, address)
      assert.deepEqual([again.status, again.headers.get('location')], [302, '/'])
    }
    const two = await leaving()
    const both = await Promise.all([1, 2].map(() => navigate(two.browser, two.address)))
    const targets = both.map((it) => it.headers.get('location') ?? '')
    assert.equal(targets.filter((it) => it.includes('id_token_hint')).length, 1)
  })

  test('O6: it redirects in the browser that signed out, and for a minute', async () => {
    const { browser, address } = await leaving()
    // Not even in one that is on its way out itself.
    for (const other of [app.browser(), (await leaving()).browser]) {
      assert.equal((await navigate(other, address)).headers.get('location'), '/')
    }
    // A stranger cannot make one up, and the half in the cookie alone opens nothing.
    for (const leave of ['', 'x', 'A'.repeat(22), `${address.searchParams.get('leave')}x`]) {
      const madeUp = new URL(`?leave=${leave}`, address)
      assert.equal((await navigate(browser, madeUp)).headers.get('location'), '/', leave)
    }
    app.advance(59_000)
    assert.ok(atProvider((await navigate(browser, address)).headers.get('location')))
    const late = await leaving()
    app.advance(61_000)
    assert.equal((await navigate(late.browser, late.address)).headers.get('location'), '/')
  })

  test('O6: a script that fetches it sees no redirect, and uses nothing up', async () => {
    const { browser, address } = await leaving()
    for (const dest of ['empty', 'image', 'script']) {
      const fetched = await navigate(browser, address, dest)
      assert.equal(fetched.status, 400)
      assert.equal(fetched.headers.get('location'), null)
    }
    const prefetched = await browser.send(address, { headers: { 'sec-purpose': 'prefetch' } })
    assert.equal(prefetched.status, 204)
    assert.ok(atProvider((await navigate(browser, address)).headers.get('location')))
  })
})

test('O6: a form that posts is redirected to the provider, as before', async () => {
  const browser = app.browser()
  await browser.signInHere()
  const headers = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' }
  const answer = await browser.send(`${app.origin}/bff/logout`, { method: 'POST', headers })
  assert.equal(answer.status, 303)
  assert.ok(atProvider(answer.headers.get('location')))
})

test('O6: a provider without a sign-out page: the return URL', async (t) => {
  const bare = await startApp({ provider: { metadata: { end_session_endpoint: undefined } } })
  t.after(() => bare.close())
  const browser = bare.browser()
  await browser.signInHere()
  const answer = await browser.call('/bff/logout?returnUrl=/bye', { method: 'POST' })
  assert.deepEqual(JSON.parse(answer.body), { redirectUrl: '/bye' })
})

test('O6: a store that goes away in between costs the hint, not the sign-out', async (t) => {
  const inner = createMemoryStore()
  const create: typeof inner.create = (key, value, ttlMs) =>
    key.startsWith('leaving:') ? Promise.reject(new Error('down')) : inner.create(key, value, ttlMs)
  const shaky = await startApp({ store: { ...inner, create } })
  t.after(() => shaky.close())
  const browser = shaky.browser()
  await browser.signInHere()
  const answer = await browser.call('/bff/logout', { method: 'POST' })
  const target = new URL(JSON.parse(answer.body).redirectUrl)
  assert.equal(target.origin, shaky.provider.issuer)
  assert.equal(target.searchParams.get('client_id'), shaky.provider.clientId)
  assert.equal(target.searchParams.get('id_token_hint'), null)
  assert.equal(await browser.user(), undefined)
})
