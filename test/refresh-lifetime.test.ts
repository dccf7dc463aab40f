import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'

const lifetime = 1800
const minute = 60_000

interface Provider {
  member?: string
  value?: (secondsLeft: number) => unknown
  /** Seconds until access tokens expire. */
  access?: number
  /** Whether refreshes say a lifetime too. */
  onRefresh?: boolean
}

/** A provider that ends a session whose refresh token rests for 30 minutes, and says so. */
async function started(t: TestContext, it: Provider = {}): Promise<App> {
  const { member = 'refresh_expires_in', value = (left) => left, onRefresh = true } = it
  const app = await startApp({
    config: { session: { idle: '8h', absolute: '20h' } },
    provider: { accessTokenLifetime: it.access ?? 36_000 },
  })
  t.after(() => app.close())
  let usedAt = 0
  app.provider.override('token', async ({ params }, usual) => {
    const isRefresh = params.get('grant_type') === 'refresh_token'
    if (params.get('grant_type') === 'client_credentials') return usual()
    if (isRefresh && app.now() >= usedAt + lifetime * 1000) {
      return { status: 400, body: { error: 'invalid_grant', error_description: 'not active' } }
    }
    usedAt = app.now()
    const answer = await usual()
    const said = isRefresh && !onRefresh ? {} : { [member]: value(lifetime) }
    return { ...answer, body: { ...(answer.body as object), ...said } }
  })
  return app
}

const expiresIn = async (browser: AppBrowser, query = '') => {
  const answer = await browser.call(`/bff/user${query}`)
  if (answer.status === 401) return 'ended'
  const entries = JSON.parse(answer.body) as { type: string; value: unknown }[]
  return Number(entries.find(({ type }) => type === 'bff:session_expires_in')?.value)
}

const refreshes = (app: App) => app.provider.tokenRequests('refresh_token').length

describe('a provider that says how long a refresh token lives', () => {
  for (const [member, value, isCapped] of [
    ['refresh_expires_in', (left: number) => left, true],
    ['refresh_token_expires_in', String, true],
    ['refresh_expires_in', () => 0, false],
    ['refresh_expires_in', () => 'soon', false],
    ['other', () => 10, false],
  ] as const) {
    test(`T29: bff:session_expires_in ends with it: ${member} ${value(7)}, ${isCapped}`, async (t) => {
      const app = await started(t, { member, value })
      const browser = app.browser()
      await browser.signInHere()
      const seconds = Number(await expiresIn(browser))
      const end = isCapped ? lifetime : 8 * 3600
      assert.ok(seconds <= end && seconds > end - 60, String(seconds))
    })
  }

  test('T29: who reads local pages only stays signed in, with a refresh every half of it', async (t) => {
    const app = await started(t)
    const browser = app.browser()
    await browser.signInHere()
    for (let minutes = 0; minutes < 180; minutes += 5) {
      app.advance(5 * minute)
      assert.notEqual(await expiresIn(browser), 'ended')
    }
    assert.equal(refreshes(app), 12)
  })

  test('T29: a local API that reads the session is a use too', async (t) => {
    const app = await started(t)
    const browser = app.browser()
    await browser.signInHere()
    const { ticket } = app.cookies
    const cookies = `${ticket}=${browser.jar.get('localhost')?.get(ticket)}`
    for (let minutes = 0; minutes < 60; minutes += 10) {
      app.advance(10 * minute)
      assert.ok(await app.bff.readSession(cookies, 'use'))
    }
    assert.equal(refreshes(app), 3)
    app.advance(14 * minute)
    assert.ok(Number((await app.bff.readSession(cookies, 'peek'))?.expiresIn) <= 960)
  })

  test('T29: a look is no use: it refreshes nothing before the end, and shows it then', async (t) => {
    const app = await started(t)
    const browser = app.browser()
    await browser.signInHere()
    app.advance(29 * minute)
    const left = Number(await expiresIn(browser, '?slide=false'))
    assert.ok(left > 0 && left <= 60, String(left))
    assert.equal(refreshes(app), 0)
    app.advance(minute)
    assert.equal(await expiresIn(browser, '?slide=false'), 'ended')
    assert.equal(refreshes(app), 1)
  })

  test('T29: a provider that is down at the time signs nobody out', async (t) => {
    const app = await started(t)
    const browser = app.browser()
    await browser.signInHere()
    const up = app.provider.override('token', () => ({ status: 503 }))
    for (const minutes of [20, 20]) {
      app.advance(minutes * minute)
      assert.notEqual(await expiresIn(browser), 'ended')
    }
    assert.equal(refreshes(app), 2)
    assert.equal(await expiresIn(browser), 0)
    assert.equal(refreshes(app), 2)
    up()
  })

  test('T29: one that says it at sign-in only is not asked at each use', async (t) => {
    const app = await started(t, { onRefresh: false })
    app.provider.state.rotate = false
    const browser = app.browser()
    await browser.signInHere()
    for (let minutes = 0; minutes < 60; minutes += 1) {
      app.advance(minute)
      await expiresIn(browser)
    }
    assert.ok(refreshes(app) < 10, String(refreshes(app)))
  })

  test('T29: ten uses at once make one refresh', async (t) => {
    const app = await started(t)
    const browser = app.browser()
    await browser.signInHere()
    app.advance(16 * minute)
    await Promise.all(Array.from({ length: 10 }, () => expiresIn(browser)))
    assert.equal(refreshes(app), 1)
  })
})
