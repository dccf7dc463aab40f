import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, startApp } from './support/app.ts'
import { oneCloakroom } from './support/cookie-names.ts'
import { until } from './support/remote-fixture.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

const minute = 60_000
const idle = 30 * minute

let ahead = 0
let provider: ScriptedProvider
let apps: App[] = []
let keys: Set<string>

interface Setup {
  metadata?: Record<string, unknown>
  config?: Config
  instances?: number
}

/** Instances on one store, that look for tokens to give back all the time. */
async function start({ metadata = {}, config = {}, instances = 1 }: Setup = {}): Promise<App> {
  ahead = 0
  provider = await startScriptedProvider({ metadata })
  const store = createMemoryStore({ now: () => Date.now() + ahead })
  keys = new Set()
  const { create } = store
  const shared = {
    ...store,
    create: (key: string, value: string, ttlMs: number) => {
      keys.add(key)
      return create(key, value, ttlMs)
    },
    close: async () => {},
  }
  apps = await Promise.all(
    Array.from({ length: instances }, () =>
      startApp({
        ...{ provider, store: shared, giveBackEveryMs: 10 },
        config: { ...oneCloakroom, session: { ...oneCloakroom.session, idle: '30m' }, ...config },
      }),
    ),
  )
  for (const app of apps) app.bff.begin()
  return apps[0] ?? assert.fail('none')
}

function advance(ms: number): void {
  ahead += ms
  for (const app of apps) app.advance(ms)
}

afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()))
  await provider.close()
})

/** Refresh tokens that were asked to be revoked, one after the other. */
const givenBack = () =>
  provider.requests
    .filter(({ name }) => name === 'revocation')
    .flatMap(({ params }) => {
      const token = params.get('token') ?? ''
      return token.startsWith('refresh-') ? [token] : []
    })
/** Some looks later. */
async function looks(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 150))
}
const currentToken = () => [...provider.state.refreshTokens.keys()].at(-1) ?? ''

async function signIn(app: App) {
  const browser = app.browser()
  await browser.signInHere()
  await looks()
  return { browser, token: currentToken() }
}

const offline = { config: { oidc: { scope: 'openid offline_access' } } }

describe('refresh tokens of sessions that are over', () => {
  test('S19: an expired session gives its latest one back within the hour, by one instance', async () => {
    const app = await start({ instances: 3 })
    const { browser } = await signIn(app)
    advance(10 * minute)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    await looks()
    const token = currentToken()
    advance(idle - minute)
    await looks()
    assert.deepEqual(givenBack(), [], 'while it lives')
    advance(2 * minute + 20 * minute)
    await until(() => givenBack().length > 0)
    await looks()
    assert.deepEqual(givenBack(), [token])
  })

  test('S19: a session that is used is looked at again and again, and loses nothing', async () => {
    const app = await start()
    const { browser } = await signIn(app)
    for (let round = 0; round < 8; round += 1) {
      advance(20 * minute)
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
      await looks()
    }
    assert.deepEqual(givenBack(), [])
    advance(idle + 25 * minute)
    await until(() => givenBack().length > 0)
    assert.deepEqual(givenBack(), [currentToken()])
  })

  test('S19: one that was signed out has given it back already', async () => {
    const app = await start()
    const { browser, token } = await signIn(app)
    const user = await browser.user()
    await browser.send(`${app.origin}${user?.['bff:logout_url']}`)
    await until(() => givenBack().length > 0)
    advance(3 * idle)
    await looks()
    assert.deepEqual(givenBack(), [token])
  })

  for (const [where, address, isApart] of [
    ['Keycloak', '/authorize?at=/protocol/openid-connect/auth', true],
    ['another provider', '/authorize', false],
  ] as const) {
    test(`L38: at ${where} a replaced one gives it back while the new one lives: ${isApart}`, async () => {
      const app = await start(offline)
      provider.override('discovery', async (_, usual) => {
        const answer = await usual()
        const authorization_endpoint = `${provider.issuer}${address}`
        return { ...answer, body: { ...(answer.body as object), authorization_endpoint } }
      })
      const { browser, token: old } = await signIn(app)
      await browser.signInHere()
      await looks()
      advance(25 * minute)
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
      await looks()
      assert.deepEqual(givenBack(), isApart ? [old] : [])
      assert.equal((await browser.user())?.sub, 'alice')
      advance(2 * idle)
      await until(() => givenBack().length > 1)
      assert.deepEqual(new Set(givenBack()), new Set([old, currentToken()]))
    })
  }

  test('L38: of one sign-on of Keycloak nothing is given back while a session of it lives', async () => {
    const app = await start(offline)
    provider.override('discovery', async (_, usual) => {
      const answer = await usual()
      const authorization_endpoint = `${provider.issuer}/authorize?at=/protocol/openid-connect/auth`
      return { ...answer, body: { ...(answer.body as object), authorization_endpoint } }
    })
    provider.state.sid = 'one-sign-on'
    const { browser } = await signIn(app)
    provider.state.sid = 'one-sign-on'
    await browser.signInHere()
    advance(25 * minute)
    await browser.user()
    await looks()
    assert.equal(provider.state.refreshTokens.size, 2)
    assert.deepEqual(givenBack(), [])
  })

  test('S19: a provider that is away is asked again', async () => {
    const app = await start()
    const { token } = await signIn(app)
    provider.override('revocation', () => ({ status: 503 }))
    advance(idle + 25 * minute)
    await until(() => givenBack().length > 0)
    // It is noted for later before the clock goes on.
    await looks()
    provider.override('revocation')
    const before = givenBack().length
    advance(25 * minute)
    await until(() => givenBack().length > before)
    advance(60 * minute)
    await looks()
    assert.deepEqual(new Set(givenBack()), new Set([token]))
    assert.equal(givenBack().length, before + 1)
  })

  for (const [what, setup] of [
    ['a provider that cannot revoke', { metadata: { revocation_endpoint: undefined } }],
    ['logout.revoke: false', { config: { logout: { revoke: false } } }],
  ] as const) {
    test(`S19: ${what} costs nothing`, async () => {
      const app = await start(setup)
      const { browser } = await signIn(app)
      advance(10 * minute)
      await browser.call('/api/remote/api/x')
      await looks()
      assert.deepEqual(
        [...keys].filter((key) => key.startsWith('left-token:')),
        [],
      )
      advance(3 * idle)
      await looks()
      assert.deepEqual(givenBack(), [])
    })
  }
})
