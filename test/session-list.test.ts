import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'

interface Listed {
  readonly handle: string
  readonly begunAt: string
  readonly lastUsedAt: string
  readonly browser?: string
  readonly system?: string
  readonly current: boolean
}

const agents = {
  firefox: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:130.0) Gecko/20100101 Firefox/130.0',
  chrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  odd: '<script>alert(1)</script>/1.0 (x)',
}

let app: App
before(async () => {
  app = await startApp()
})
after(() => app.close())

/** Somebody who signs in with a browser of this kind. */
async function signIn(agent: keyof typeof agents): Promise<AppBrowser> {
  const browser = app.browser()
  const begun = await browser.send(`${app.origin}/bff/login`)
  const callback = await app.provider.approve(begun.headers.get('location') ?? '')
  await browser.send(callback, { headers: { 'user-agent': agents[agent] } })
  return browser
}

const list = async (browser: AppBrowser) =>
  JSON.parse((await browser.call('/bff/sessions')).body) as Listed[]
const end = (browser: AppBrowser, path = '') =>
  browser.call(`/bff/sessions${path}`, { method: 'DELETE' })

describe('O13: a person’s own sessions', () => {
  test('are listed as a person would name them, newest use first', async () => {
    const one = await signIn('firefox')
    app.advance(3 * 60_000)
    const two = await signIn('chrome')
    const three = await signIn('odd')
    const lines = await list(two)
    assert.deepEqual(
      lines.map(({ browser, system, current }) => [browser, system, current]).slice(-1),
      [['Firefox', 'macOS', false]],
    )
    const own = lines.find(({ current }) => current)
    assert.deepEqual([own?.browser, own?.system], ['Chrome', 'Windows'])
    assert.ok(!JSON.stringify(lines).includes('script'), 'a stranger’s words are not repeated')
    for (const { begunAt, lastUsedAt, handle } of lines) {
      assert.match(
        `${begunAt} ${lastUsedAt}`,
        /^\d{4}-\d\d-\d\dT[\d:.]+Z \d{4}-\d\d-\d\dT[\d:.]+Z$/,
      )
      assert.match(handle, /^[\w-]{22}$/)
    }
    // A use moves a session to the front; to look at the list is a use of the own one only.
    app.advance(2 * 60_000)
    assert.equal((await list(one))[0]?.browser, 'Firefox')
    assert.equal((await list(one)).filter(({ current }) => current).length, 1)
    for (const browser of [one, two, three]) await browser.call('/bff/logout', { method: 'POST' })
  })

  test('handles stay the same, lead to nothing else, and none is a ticket or a handle of the sign-out link', async () => {
    const one = await signIn('firefox')
    const two = await signIn('chrome')
    const [first, again] = [await list(one), await list(two)]
    assert.deepEqual(first.map((it) => it.handle).sort(), again.map((it) => it.handle).sort())
    const user = await one.user()
    const cookies = JSON.stringify([...(one.jar.get('localhost') ?? [])])
    const ids = (await app.bff.sessions.list('alice')).map(({ id }) => id)
    for (const { handle } of first) {
      assert.ok(!String(user?.['bff:logout_url']).includes(handle))
      assert.ok(!cookies.includes(handle) && !ids.some((id) => id.includes(handle)))
      assert.equal((await one.call(`/bff/logout?sid=${handle}`)).status, 400)
    }
    for (const browser of [one, two]) await browser.call('/bff/logout', { method: 'POST' })
  })

  test('one can be ended from another, its tokens are revoked, and the rest go on', async () => {
    const [one, two, three] = [
      await signIn('firefox'),
      await signIn('chrome'),
      await signIn('chrome'),
    ]
    const before = app.provider.counters.revocation
    const [other] = (await list(two)).filter(({ browser }) => browser === 'Firefox')
    const { status, body } = await end(two, `/${other?.handle}`)
    assert.deepEqual([status, body], [204, ''])
    assert.equal(await one.user(), undefined)
    assert.equal((await one.call('/api/remote/api/x')).status, 401)
    assert.ok(app.provider.counters.revocation > before)
    assert.ok((await two.user()) && (await three.user()))
    // It was, and is no more: like one that never was.
    assert.equal((await end(two, `/${other?.handle}`)).status, 404)
    assert.equal((await end(two)).status, 204)
    assert.equal(await three.user(), undefined)
    assert.ok(await two.user())
    const [own] = await list(two)
    const gone = await end(two, `/${own?.handle}`)
    assert.equal(gone.status, 204)
    assert.match(gone.headers.getSetCookie().join(), /bff-\d+=; .*Max-Age=0/)
    assert.equal(await two.user(), undefined)
  })

  test('another person’s are neither seen nor ended', async () => {
    const alice = await signIn('firefox')
    const [own] = await list(alice)
    app.provider.state.claims = { ...app.provider.state.claims, sub: 'mallory' }
    const mallory = await signIn('chrome')
    app.provider.state.claims = { ...app.provider.state.claims, sub: 'alice' }
    assert.equal((await list(mallory)).length, 1)
    assert.equal((await end(mallory, `/${own?.handle}`)).status, 404)
    assert.equal((await end(mallory)).status, 204)
    assert.ok(await alice.user())
  })

  test('nobody gets in without a session, or without the CSRF rule', async () => {
    const nobody = app.browser()
    for (const [path, method] of [
      ['/bff/sessions', 'GET'],
      ['/bff/sessions', 'DELETE'],
      ['/bff/sessions/x', 'DELETE'],
    ] as const) {
      assert.equal((await nobody.call(path, { method })).status, 401, path)
      const crossSite = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
      const asked = await (await signIn('chrome')).call(path, { method, headers: crossSite })
      assert.equal(asked.status, 403, path)
    }
    assert.equal((await nobody.call('/bff/sessions/x')).status, 405)
  })
})
