import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { type KeyValue, StoreUnavailableError } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type AppBrowser, startApp } from './support/app.ts'
import { until } from './support/remote-fixture.ts'

type Reach = 'create' | 'members' | 'getFresh'

/** An app whose store does not answer when it is asked this, from the time that `lose` is called. */
async function start(t: TestContext, config: Config = {}) {
  const memory = createMemoryStore()
  let isLost: (how: Reach, key: string) => boolean = () => false
  const reach = (how: Reach, key: string) => {
    if (isLost(how, key)) throw new StoreUnavailableError(new Error('away'))
  }
  const store: KeyValue = {
    ...memory,
    async create(key, value, ttlMs) {
      reach('create', key)
      return memory.create(key, value, ttlMs)
    },
    async members(key) {
      reach('members', key)
      return memory.members(key)
    },
    async getFresh(key) {
      reach('getFresh', key)
      return memory.getFresh(key)
    },
  }
  const app = await startApp({ store, config })
  t.after(() => app.close())
  return {
    app,
    lose(which: typeof isLost) {
      isLost = which
    },
    find() {
      isLost = () => false
    },
    async begun(browser: AppBrowser = app.browser()) {
      const query = '?returnUrl=/deep%3Fa%3D1&acr_values=idp:x&max_age=600'
      const { headers } = await browser.send(`${app.origin}/bff/login${query}`)
      return { browser, callback: await app.provider.approve(headers.get('location') ?? '') }
    },
    transactionCookies: (browser: AppBrowser) =>
      [...(browser.jar.get('localhost')?.keys() ?? [])].filter((name) => name.includes('-tx')),
  }
}

function wayOn(page: { body: string }, origin: string) {
  const href = /<a href="([^"]*)"/.exec(page.body)?.[1]?.replaceAll('&#38;', '&')
  const { pathname, searchParams } = new URL(href ?? '', origin)
  return [pathname, Object.fromEntries(searchParams)]
}

const toTheSame = ['/bff/login', { returnUrl: '/deep?a=1', acr_values: 'idp:x', max_age: '600' }]

describe('a store that goes away while somebody signs in', () => {
  for (const [title, lost] of [
    ['when the session is stored', (how, key) => how === 'create' && key.startsWith('session:')],
    ['when it is looked for an early sign-out', (how) => how === 'members'],
  ] satisfies [string, (how: Reach, key: string) => boolean][]) {
    test(`S8, L18: ${title}: the tokens are revoked, the cookie goes, the deep link stays`, async (t) => {
      const { app, lose, find, begun, transactionCookies } = await start(t)
      const { browser, callback } = await begun()
      lose(lost)
      const page = await browser.send(callback)
      assert.equal(page.status, 503)
      assert.ok(page.headers.has('retry-after'))
      assert.deepEqual(wayOn(page, app.origin), toTheSame)
      assert.deepEqual(transactionCookies(browser), [])
      const [failed] = app.log.events.filter(({ event }) => event === 'request.failed')
      assert.match(JSON.stringify(failed?.fields), /store_unavailable.*\/bff\/callback/)
      await until(() => app.provider.state.revoked.length === 2)
      const [obtained] = app.provider.state.refreshTokens.keys()
      assert.equal(app.provider.state.revoked[0], obtained)
      find()
      assert.equal(await browser.user(), undefined)
      await browser.signInHere()
      assert.equal((await browser.user())?.sub, 'alice')
    })
  }

  test('S8: the answer waits for no revocation', async (t) => {
    const { app, lose, begun } = await start(t)
    const { browser, callback } = await begun()
    lose((how, key) => how === 'create' && key.startsWith('session:'))
    let letGo = () => {}
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    app.provider.override('revocation', async (_, usual) => {
      await gate
      return usual()
    })
    assert.equal((await browser.send(callback)).status, 503)
    letGo()
    await until(() => app.provider.state.revoked.length === 2)
  })

  test('S8: nothing is revoked where a sign-out revokes nothing', async (t) => {
    const { app, lose, begun } = await start(t, { logout: { revoke: false } })
    const { browser, callback } = await begun()
    lose((how, key) => how === 'create' && key.startsWith('session:'))
    assert.equal((await browser.send(callback)).status, 503)
    assert.equal(app.provider.counters.revocation, 0)
  })

  test('S8: nothing is revoked that the session from before may hang on', async (t) => {
    const { app, lose, find, begun } = await start(t)
    const { browser } = await begun()
    await browser.signInHere()
    const { callback } = await begun(browser)
    lose((how, key) => how === 'create' && key.startsWith('session:'))
    assert.equal((await browser.send(callback)).status, 503)
    find()
    assert.equal((await browser.user())?.sub, 'alice')
    assert.equal(app.provider.counters.revocation, 0)
  })

  test('S8, L18: when the answer arrives: nothing is used up, and the deep link stays', async (t) => {
    const { app, lose, find, begun } = await start(t)
    const { browser, callback } = await begun()
    lose(() => true)
    const page = await browser.send(callback)
    assert.equal(page.status, 503)
    assert.deepEqual(wayOn(page, app.origin), toTheSame)
    assert.equal(app.provider.tokenRequests().length, 0)
    find()
    assert.equal((await browser.send(callback)).headers.get('location'), '/deep?a=1')
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('S8, L15: a silent sign-in tells its page', async (t) => {
    const { app, lose } = await start(t)
    const browser = app.browser()
    const frame = { dest: 'iframe' } as const
    const { headers } = await browser.send(`${app.origin}/bff/silent-login`, frame)
    const callback = await app.provider.approve(headers.get('location') ?? '')
    lose((how, key) => how === 'create' && key.startsWith('session:'))
    const page = await browser.send(callback, frame)
    assert.match(page.body, /"isLoggedIn":false/)
  })
})
