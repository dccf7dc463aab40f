import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { cookieNameFor, parseCookieName } from '#lib/config/cookie-name.ts'
import { loadSettings } from '#lib/config/load-settings.ts'
import { cookieNames } from '#lib/session/cookie-names.ts'
import { type App, startApp } from './support/app.ts'
import { createHttpBrowser, type HttpBrowser } from './support/http-browser.ts'

describe('names of cookies', () => {
  test('S13: the port of the public origin is in them, where it names one', () => {
    for (const [origin, name] of [
      ['https://app.example.com', 'bff'],
      ['https://app.example.com:8443', 'bff-8443'],
      ['http://localhost:3000', 'bff-3000'],
      ['http://localhost', 'bff'],
      ['http://[::1]:3001', 'bff-3001'],
    ] as const) {
      assert.equal(cookieNameFor(origin), name)
    }
  })

  test('S13: on https the prefix stands before all of them, whatever they are called', () => {
    assert.deepEqual(cookieNames('shop', true), {
      ticket: '__Host-Http-shop',
      transaction: '__Host-Http-shop-tx.',
      signOut: '__Host-Http-shop-out',
      restartMark: '__Host-Http-shop-again',
      apiCookieJar: '__Host-Http-shop-jar',
      apiCookieOwner: '__Host-Http-shop-owner',
      apiCookieSetter: '__Host-Http-shop-setter',
    })
    for (const name of Object.values(cookieNames('shop', false))) assert.match(name, /^shop/)
  })

  test('S13: a name that cannot be told apart from others is refused', () => {
    for (const name of ['bff', 'bff-3000', 'A', 'a_b-c', 'x'.repeat(64), 'bff-transaction']) {
      assert.ok(parseCookieName(name).ok, name)
    }
    for (const name of [
      ...['', ' ', 'a b', 'a=b', 'a;b', 'a.b', 'ä', '__Host-x', '__Host-Http-bff', '-a', '_a'],
      ...[
        'x'.repeat(65),
        'bff-tx',
        'bff-out',
        'bff-again',
        'bff-jar',
        'bff-owner',
        'bff-setter',
        'bff-tx.',
        1,
        null,
        undefined,
      ],
    ]) {
      assert.ok(!parseCookieName(name).ok, String(name))
    }
  })

  test('S13: no cookie of an API takes the name of ours', () => {
    const load = (setCookie: string) =>
      loadSettings({
        env: {
          ...{ OIDC_ISSUER: 'https://login.example.com/', OIDC_CLIENT_ID: 'app' },
          ...{ OIDC_CLIENT_SECRET: 'given', BFF_BASE_URL: 'https://app.example.com' },
          BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
        },
        config: {
          session: { cookieName: 'shop' },
          remotes: { api: { target: 'https://api.example.com', setCookie: [setCookie] } },
        },
      })
    for (const name of ['shop', '__Host-Http-shop', 'shop-out', 'SHOP-tx.1', 'bff', 'bff-3000']) {
      assert.ok(!load(name).ok, name)
    }
    for (const name of ['shopping', 'cart', 'x-shop']) assert.ok(load(name).ok, name)
  })
})

describe('two Cloakrooms on one host', () => {
  let apps: readonly [App, App, App]
  before(async () => {
    const cookieName = 'third'
    apps = [
      await startApp(),
      await startApp(),
      await startApp({ config: { session: { cookieName } } }),
    ]
  })
  after(() => Promise.all(apps.map((app) => app.close())))

  const signIn = ({ origin }: App, browser: HttpBrowser) =>
    browser.visit(`${origin}/bff/login`, { until: ({ pathname }) => pathname === '/' })
  async function statusAt({ origin }: App, browser: HttpBrowser): Promise<number> {
    return (await browser.send(`${origin}/bff/user`, { from: origin, dest: 'empty' })).status
  }
  const statuses = (browser: HttpBrowser) => Promise.all(apps.map((app) => statusAt(app, browser)))

  test('S13: two Cloakrooms on one host leave each other alone', async () => {
    const browser = createHttpBrowser()
    const [first, second, third] = apps
    const begun = await Promise.all(apps.map(({ origin }) => browser.send(`${origin}/bff/login`)))
    for (const [index, { provider }] of apps.entries()) {
      // Each sign-in was begun in the same jar as the two others.
      const callback = await provider.approve(begun[index]?.headers.get('location') ?? '')
      assert.equal((await browser.send(callback)).headers.get('location'), '/')
    }
    assert.deepEqual(await statuses(browser), [200, 200, 200])
    const names = [...(browser.jar.get('localhost')?.keys() ?? [])].sort()
    assert.deepEqual(names, [first.cookies.ticket, second.cookies.ticket, 'third'].sort())

    await browser.send(`${first.origin}/bff/logout`, {
      ...{ method: 'POST', from: first.origin, dest: 'empty' },
    })
    assert.deepEqual(await statuses(browser), [401, 200, 200])
    await signIn(first, browser)
    assert.deepEqual(await statuses(browser), [200, 200, 200])
    const told = second.log.events.filter(({ event }) => event === 'request.suspicious')
    assert.deepEqual(told, [])
    assert.equal(await statusAt(third, createHttpBrowser()), 401)
  })
})
