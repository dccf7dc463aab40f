import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createApiCookieJar } from '#lib/session/api-cookie-jar.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import type { Visit, VisitOptions } from './support/http-browser.ts'

/** nginx has this much room for the head of an answer, and answers 502 where that is not enough. */
const nginxBuffer = 4096

const withoutPar = { pushed_authorization_request_endpoint: undefined }

let app: App
before(async () => {
  app = await startApp({ provider: { metadata: withoutPar } })
})
after(() => app.close())

function headBytes({ headers }: Visit): number {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 302 Found\r\n${lines.join('')}\r\n`.length
}

function assertShort(answer: Visit, what: string): void {
  assert.ok(headBytes(answer) < nginxBuffer, `${what}: ${headBytes(answer)} bytes`)
  for (const cookie of answer.headers.getSetCookie()) {
    assert.ok(cookie.length < nginxBuffer, what)
  }
}

const login = (query: Record<string, string>, browser = app.browser()) =>
  browser.send(`${app.origin}/bff/login?${new URLSearchParams(query)}`)

const returnUrls: Record<string, string> = {
  '250 CJK characters': `/search?q=${'漢'.repeat(250)}`,
  '300 CJK characters': `/search?q=${'漢'.repeat(300)}`,
  'a path of 300 CJK characters': `/${'字'.repeat(300)}`,
  '2,000 characters': `/a?${'b'.repeat(2000)}`,
  'as long as may be': `/a?${'b'.repeat(1021)}`,
  'nothing but what is escaped': `/?${'&'.repeat(1000)}`,
  'a blank and a plus': '/a?b c+d',
}
const others: Record<string, Record<string, string>> = {
  nothing: {},
  'a hint of 256 bytes': { login_hint: '漢'.repeat(85) },
  'a hint of 2,000 characters': { login_hint: 'h'.repeat(2000) },
  'all there is': { login_hint: 'h'.repeat(256), acr_values: 'g'.repeat(256), ui_locales: 'de' },
}

describe('the way to the provider', () => {
  for (const [what, returnUrl] of Object.entries(returnUrls)) {
    for (const [beside, query] of Object.entries(others)) {
      test(`L27: a return URL of ${what}, and ${beside}: the head is short, and it ends there`, async () => {
        const browser = app.browser()
        const start = await login({ returnUrl, ...query }, browser)
        assert.equal(start.status, 302, start.body)
        assertShort(start, what)
        const callback = await app.provider.approve(start.headers.get('location') ?? '')
        const end = await browser.send(callback)
        assert.equal(end.status, 303)
        assertShort(end, what)
        const [path = ''] = returnUrl.split('?')
        const reached = new URL(end.headers.get('location') ?? '', app.origin)
        assert.ok([path, '/'].includes(decodeURI(reached.pathname)), reached.href)
        if (returnUrl.length < 1024 && beside === 'nothing') {
          assert.equal(reached.search !== '', encodeURI(returnUrl).length <= 1024)
        }
      })
    }
  }

  test('L27: a hint over 256 bytes is dropped, a shorter one is not', async () => {
    for (const [hint, sent] of [
      ['h'.repeat(256), 'h'.repeat(256)],
      ['h'.repeat(257), null],
      ['漢'.repeat(86), null],
    ] as const) {
      const { headers } = await login({ login_hint: hint })
      const query = new URL(headers.get('location') ?? '').searchParams
      assert.equal(query.get('login_hint'), sent)
    }
  })

  const tooLong = { acr_values: '漢'.repeat(300), ui_locales: '漢'.repeat(300) }

  test('L27: what is too long all the same is 400', async () => {
    const answer = await login(tooLong)
    assert.equal(answer.status, 400)
    assertShort(answer, '400')
  })

  test('L27: or pushed, where the provider can', async (t) => {
    const pushing = await startApp()
    t.after(() => pushing.close())
    const browser = pushing.browser()
    const query = new URLSearchParams({ returnUrl: `/a?${'b'.repeat(1000)}`, ...tooLong })
    const start = await browser.send(`${pushing.origin}/bff/login?${query}`)
    const location = new URL(start.headers.get('location') ?? '')
    assert.deepEqual([...location.searchParams.keys()].sort(), ['client_id', 'request_uri'])
    const end = await browser.send(await pushing.provider.approve(location))
    assert.equal(end.headers.get('location')?.length, 1003)
    const short = await browser.send(`${pushing.origin}/bff/login?returnUrl=/a`)
    assert.ok(!short.headers.get('location')?.includes('request_uri'))
  })

  test('L27: a jar with old cookies is healed a few at a time', async () => {
    const browser = app.browser()
    const old = Array.from({ length: 60 }, (_, i): [string, string] => [
      `${app.cookies.transaction}${'o'.repeat(55)}${i}`,
      'x',
    ])
    browser.jar.set('localhost', new Map(old))
    for (let visits = 0; (browser.jar.get('localhost')?.size ?? 0) > 1; visits++) {
      assert.ok(visits < 20)
      const long = {
        returnUrl: `/a?${'b'.repeat(1000)}`,
        login_hint: 'h'.repeat(256),
        ui_locales: 'd'.repeat(150),
      }
      const start = await login(long, browser)
      assertShort(start, 'healing')
    }
  })
})

describe('the way out', () => {
  async function signOut(browser: AppBrowser, returnUrl: string) {
    const logoutUrl = String((await browser.user())?.['bff:logout_url'])
    const query = new URLSearchParams({ returnUrl })
    return browser.send(`${app.origin}${logoutUrl}&${query}`)
  }
  const groups = (count: number) =>
    Array.from({ length: count }, (_, i) => `cn=group-${i},ou=groups,dc=example`)

  for (const [what, returnUrl] of Object.entries(returnUrls)) {
    for (const count of [0, 5, 20, 70, 300]) {
      test(`O9: ${count} groups in the ID token, a return URL of ${what}: below 2 KB`, async () => {
        const browser = app.browser()
        app.provider.state.claims = { sub: 'alice', ...(count ? { groups: groups(count) } : {}) }
        await browser.signInHere()
        const answer = await signOut(browser, returnUrl)
        assert.equal(answer.status, 302)
        const location = new URL(answer.headers.get('location') ?? '')
        assert.ok(location.href.length < 2048, `${location.href.length}`)
        assertShort(answer, what)
        assert.equal(location.searchParams.get('client_id'), app.provider.clientId)
        assert.equal(location.searchParams.has('id_token_hint'), count <= 5)
        const back = await browser.visit(location, {
          until: ({ pathname }) => pathname !== '/bff/logout-callback',
        })
        assert.equal(back.status, 303)
      })
    }
  }
})

describe('the deletion of cookies of APIs', () => {
  const three = (first: string) => [1, 2, 3].map((i) => `${first}${i}`.padEnd(16, 'n'))
  const publicOrigin = 'https://app.example'
  /** As much as the settings allow. */
  const config = {
    session: { cookieName: 's'.repeat(38) },
    remotes: {
      api: { target: 'http://127.0.0.1:9', cookies: three('a') },
      other: { target: 'http://127.0.0.1:9', cookies: three('b') },
    },
  }
  const deletions = ({ headers }: Visit) =>
    headers.getSetCookie().filter((line) => /^[ab]\d/.test(line)).length

  for (const [what, returnUrl] of Object.entries(returnUrls)) {
    test(`L27: finds room beside a return URL of ${what}`, async (t) => {
      const secure = await startApp({ config, env: { BFF_BASE_URL: publicOrigin } })
      t.after(() => secure.close())
      const browser = secure.browser()
      // What terminates TLS, and where the cookies lie.
      const send = (address: string | URL, options?: VisitOptions) => {
        const places = [...three('a'), 'b1'.padEnd(16, 'n')]
        const noted = places.map((name) => `${name} /api/remote/api/${'p'.repeat(30)}`)
        const jar = createApiCookieJar(publicOrigin, config.session.cookieName)
        const [pair = ''] = jar.write({ places: noted })[0]?.split(';') ?? []
        const [name = '', value = ''] = pair.split('=')
        browser.jar.set('localhost', (browser.jar.get('localhost') ?? new Map()).set(name, value))
        const here = new URL(String(address).replace(publicOrigin, ''), secure.origin)
        return browser.send(here, { headers: { 'x-request-id': 'i'.repeat(128) }, ...options })
      }
      async function signIn(sub: string) {
        // An ID token with which the provider's address is as long as it may be.
        secure.provider.state.claims = { sub, note: 'n'.repeat(600) }
        const start = await send(`/bff/login?${new URLSearchParams({ returnUrl })}`)
        return send(await secure.provider.approve(start.headers.get('location') ?? ''))
      }
      await signIn('alice')
      const followed = await signIn('bob')
      assert.deepEqual([followed.status, deletions(followed)], [303, 16])
      assertShort(followed, 'sign-in')

      const { body } = await send('/bff/user', { from: secure.origin, dest: 'empty' })
      const [, logoutUrl] = /"(\/bff\/logout[^"]*)"/.exec(body) ?? []
      const left = await send(`${logoutUrl}&${new URLSearchParams({ returnUrl })}`)
      assert.deepEqual([left.status, deletions(left)], [302, 16])
      assert.ok((left.headers.get('location') ?? '').length > 1900)
      assertShort(left, 'sign-out')
    })
  }
})
