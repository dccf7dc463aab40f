import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { oneCloakroom } from './support/cookie-names.ts'
import { until } from './support/remote-fixture.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

const expired = 301_000

let provider: ScriptedProvider
/** Two engines, as two processes would be: the same store, nothing else in common. */
let here: App
let there: App

beforeEach(async () => {
  provider = await startScriptedProvider()
  const store = { ...createMemoryStore(), close: async () => {} }
  here = await startApp({ config: oneCloakroom, provider, store })
  there = await startApp({ config: oneCloakroom, provider, store })
  // All tokens of a user hang on one grant: whoever revokes one of them revokes all.
  provider.override('revocation', async (_, usual) => {
    for (const known of provider.state.refreshTokens.values()) known.active = false
    return usual()
  })
})
afterEach(async () => {
  await Promise.all([here.close(), there.close()])
  await provider.close()
})

/** The same browser at another instance. */
function sameBrowser(app: App, browser: AppBrowser): AppBrowser {
  const same = app.browser()
  same.jar.set('localhost', new Map(browser.jar.get('localhost')))
  return same
}

/** A call whose refresh was worked on by the provider, and whose answer is held back until `letGo`. */
async function callInRefresh(app: App, browser: AppBrowser) {
  const arrived = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  provider.once('token', async (_, usual) => {
    const answer = await usual()
    arrived.resolve()
    await opened.promise
    return answer
  })
  app.advance(expired)
  const call = sameBrowser(app, browser).call('/api/remote/api/x')
  await arrived.promise
  return {
    letGo: () => {
      opened.resolve()
      return call
    },
  }
}

const orphans = (app: App) =>
  app.log.events.filter(({ event }) => event === 'token.refresh.orphaned')

describe('L17: signing in again while the old session is being refreshed', () => {
  for (const [title, query] of [
    ['in another tab', ''],
    ['for a step-up', '?acr_values=gold&prompt=login'],
    ['silently', '?prompt=none'],
  ] as const) {
    for (const where of ['in one process', 'across instances']) {
      test(`L17: leaves the new session working: ${title}, ${where}`, async () => {
        const browser = here.browser()
        await browser.signInHere()
        const refreshing = where === 'in one process' ? here : there
        const { letGo } = await callInRefresh(refreshing, browser)
        await browser.signInHere(query)
        assert.equal((await letGo()).status, 401)
        await new Promise((resolve) => setTimeout(resolve, 50))
        assert.equal(provider.counters.revocation, 0)
        here.advance(expired)
        assert.equal((await browser.call('/api/remote/api/x')).status, 200)
        assert.equal((await browser.user())?.sub, 'alice')
        assert.deepEqual(orphans(refreshing), [])
      })
    }
  }

  test('L17: and again meanwhile leaves the newest working', async () => {
    const browser = here.browser()
    await browser.signInHere()
    const { letGo } = await callInRefresh(there, browser)
    await browser.signInHere()
    await browser.signInHere()
    await letGo()
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(provider.counters.revocation, 0)
    here.advance(expired)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
  })

  test('L17, T4: and out again meanwhile revokes what the refresh brought', async () => {
    const browser = here.browser()
    await browser.signInHere()
    const { letGo } = await callInRefresh(there, browser)
    await browser.signInHere()
    await browser.call('/bff/logout', { method: 'POST' })
    assert.equal((await letGo()).status, 401)
    await until(() => orphans(there).length === 1)
    const active = [...provider.state.refreshTokens.values()].filter((it) => it.active)
    assert.deepEqual(active, [])
  })

  test('L17: as somebody else revokes what the refresh brought', async () => {
    const browser = here.browser()
    await browser.signInHere()
    const { letGo } = await callInRefresh(there, browser)
    provider.state.claims = { sub: 'bob' }
    await browser.signInHere()
    await letGo()
    assert.equal(orphans(there).length, 1)
  })
})
