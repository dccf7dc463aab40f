import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { KeyValue } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { oneCloakroom } from './support/cookie-names.ts'
import { until } from './support/remote-fixture.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

/** Stops somebody at a point of the test's choosing, and tells when he has come there. */
interface Gate {
  readonly arrived: Promise<void>
  open(): void
  pass(): Promise<void>
}

function createGate(): Gate {
  const arrived = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  return {
    arrived: arrived.promise,
    open: opened.resolve,
    pass() {
      arrived.resolve()
      return opened.promise
    },
  }
}

let store: KeyValue
let storeThere: KeyValue
let provider: ScriptedProvider
/** Two engines, as two processes would be: the same store, nothing else in common. */
let here: App
let there: App
/** The same browser, as each of them sees it. */
let browserHere: AppBrowser
let browserThere: AppBrowser

beforeEach(async () => {
  store = { ...createMemoryStore(), close: async () => {} }
  provider = await startScriptedProvider()
  here = await startApp({ config: oneCloakroom, provider, store })
  // A copy of the operations, so that a test can put a gate into one of them.
  storeThere = { ...store }
  there = await startApp({ config: oneCloakroom, provider, store: storeThere })
  browserHere = here.browser()
  await browserHere.signInHere()
  browserThere = there.browser()
  browserThere.jar.set('localhost', new Map(browserHere.jar.get('localhost')))
  assert.equal((await browserThere.user())?.sub, 'alice')
})
afterEach(async () => {
  await Promise.all([here.close(), there.close()])
  await provider.close()
})

/** Stops everybody there who is about to write so. */
function gateInStore(operation: 'touch' | 'replace' | 'delete'): Gate {
  const gate = createGate()
  const write = storeThere[operation] as (...args: unknown[]) => Promise<unknown>
  const gated = (...args: unknown[]) => gate.pass().then(() => write(...args))
  Object.assign(storeThere, { [operation]: gated })
  return gate
}

/** The next token request is worked on, and its answer held back. */
function gateAtProvider(): Gate {
  const gate = createGate()
  provider.once('token', async (_, usual) => {
    const answer = await usual()
    await gate.pass()
    return answer
  })
  return gate
}

const signOut = (browser = browserHere) => browser.call('/bff/logout', { method: 'POST' })

async function assertSignedOut(): Promise<void> {
  const ticket = new Map(browserThere.jar.get('localhost'))
  for (const app of [here, there]) {
    const browser = app.browser()
    browser.jar.set('localhost', new Map(ticket))
    assert.equal(await browser.user(), undefined)
    assert.deepEqual(await app.bff.sessions.list('alice'), [])
  }
  const active = [...provider.state.refreshTokens.values()].filter((it) => it.active)
  assert.deepEqual(active, [], 'refresh tokens that still work')
}

test('T5: a refusal of a token that another instance has just replaced ends nothing', async () => {
  // An instance that has lost its lease, and does not know it.
  Object.assign(storeThere, {
    acquireLease: async () => true,
    create: async (key: string, ...rest: [string, number]) =>
      key.startsWith('refreshing:') || store.create(key, ...rest),
  })
  for (const app of [here, there]) app.advance(301_000)
  const gate = gateAtProvider()
  const first = browserHere.call('/api/remote/api/x')
  await gate.arrived
  provider.once('token', async () => {
    gate.open()
    assert.equal((await first).status, 200)
    return { status: 400, body: { error: 'invalid_grant' } }
  })
  assert.equal((await browserThere.call('/api/remote/api/x')).status, 200)
  assert.equal((await browserThere.user())?.sub, 'alice')
  assert.equal(provider.tokenRequests('refresh_token').length, 2)
})

describe('a sign-out here while something is under way there', () => {
  test('S7: a refresh whose answer comes after the sign-out saves nothing', async () => {
    const gate = gateAtProvider()
    there.advance(301_000)
    const refreshing = browserThere.call('/api/remote/api/x')
    await gate.arrived
    assert.equal((await signOut()).status, 200)
    gate.open()
    assert.equal((await refreshing).status, 401)
    await assertSignedOut()
  })

  test('S7: a refresh that was about to be saved is not, and its tokens are revoked', async () => {
    const gate = gateInStore('replace')
    there.advance(301_000)
    const refreshing = browserThere.call('/api/remote/api/x')
    await gate.arrived
    assert.equal((await signOut()).status, 200)
    gate.open()
    assert.equal((await refreshing).status, 401)
    await assertSignedOut()
    await until(() => provider.state.revoked.some((token) => token.startsWith('access-')))
  })

  test('S7: a touch that comes late brings nothing back', async () => {
    const gate = gateInStore('touch')
    there.advance(120_000)
    assert.equal((await browserThere.user())?.sub, 'alice')
    await gate.arrived
    assert.equal((await signOut()).status, 200)
    gate.open()
    await new Promise(setImmediate)
    await assertSignedOut()
  })

  test('S7: a second sign-out does no harm, and the tokens are revoked once', async () => {
    const gate = gateInStore('delete')
    const second = signOut(browserThere)
    await gate.arrived
    assert.equal((await signOut()).status, 200)
    gate.open()
    assert.equal((await second).status, 200)
    await until(() => provider.state.revoked.length >= 2)
    const revoked = provider.state.revoked.filter((token) => token.startsWith('refresh-'))
    assert.equal(revoked.length, 1)
    await assertSignedOut()
  })

  test('S7: a new sign-in that replaces the session meanwhile stays', async () => {
    const gate = gateAtProvider()
    const replacing = browserThere.signInHere()
    await gate.arrived
    assert.equal((await signOut()).status, 200)
    gate.open()
    assert.equal((await replacing).status, 303)
    assert.equal((await browserThere.user())?.sub, 'alice')
    assert.equal((await here.bff.sessions.list('alice')).length, 1)
  })

  test('S7: back-channel logout wins over a refresh, too', async () => {
    const gate = gateAtProvider()
    there.advance(301_000)
    const refreshing = browserThere.call('/api/remote/api/x')
    await gate.arrived
    const body = new URLSearchParams({ logout_token: await provider.signLogoutToken() })
    const url = `${here.origin}/bff/backchannel`
    assert.equal((await here.browser().send(url, { method: 'POST', body })).status, 200)
    gate.open()
    assert.equal((await refreshing).status, 401)
    await assertSignedOut()
  })
})
