import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { KeyValue } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, type AppOptions, startApp } from './support/app.ts'
import { startUpstream } from './support/remote-fixture.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

/** Longer than a token that is refused is left alone. */
const halfMinute = 31_000
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

const kinds = [
  { remote: 'users', grant: 'refresh_token', visitor: 'signed in' },
  { remote: 'reports', grant: 'refresh_token', visitor: 'signed in' },
  { remote: 'machines', grant: 'client_credentials', visitor: 'nobody' },
  { remote: 'machines', grant: 'client_credentials', visitor: 'signed in' },
  { remote: 'either', grant: 'client_credentials', visitor: 'nobody' },
  { remote: 'exchanged', grant: exchangeGrant, visitor: 'signed in' },
] as const

/** An app in front of an API that refuses whatever token it is shown. */
async function startRefused(t: TestContext, options: Omit<AppOptions, 'config'> = {}) {
  const upstream = await startUpstream((_, response) => response.writeHead(401).end('no'))
  t.after(() => upstream.close())
  const target = upstream.origin
  const app = await startApp({
    ...options,
    config: {
      remotes: {
        users: { target },
        reports: { target, resource: 'urn:reports' },
        machines: { target, token: 'client', client: 'catalog' },
        either: { target, token: 'user-or-client', client: 'catalog' },
        exchanged: { target, exchange: { audience: 'legacy' } },
      },
      clients: { catalog: { scope: 'catalog' } },
    },
  })
  t.after(() => app.close())
  return { app, upstream }
}

async function visitorOf(app: App, visitor: 'signed in' | 'nobody'): Promise<AppBrowser> {
  const browser = app.browser()
  if (visitor === 'signed in') await browser.signInHere()
  return browser
}

describe('T14: an API that refuses every token', () => {
  for (const { remote, grant, visitor } of kinds) {
    test(`T14: costs one token request in half a minute: ${remote}, ${visitor}`, async (t) => {
      const { app } = await startRefused(t)
      const browser = await visitorOf(app, visitor)
      const call = () => browser.call(`/api/remote/${remote}/x`)
      const requests = () => app.provider.tokenRequests(grant).length
      // The first token may have to be obtained; being new, it is not replaced.
      assert.equal((await call()).status, 401)
      const first = requests()
      assert.ok(first <= 1)
      for (let i = 0; i < 20; i++) assert.equal((await call()).status, 401)
      assert.equal(requests(), first)
      for (const minutes of [1, 2]) {
        app.advance(halfMinute)
        for (let i = 0; i < 20; i++) assert.deepEqual((await call()).body, 'no')
        assert.equal(requests(), first + minutes)
      }
      app.advance(halfMinute)
      const statuses = await Promise.all(
        Array.from({ length: 300 }, async () => (await call()).status),
      )
      assert.deepEqual([...new Set(statuses)], [401])
      assert.equal(requests(), first + 3)
    })
  }

  test('T14: a replacement that is not to be had is asked for once in half a minute', async (t) => {
    const { app } = await startRefused(t)
    const browser = await visitorOf(app, 'signed in')
    for (const { remote } of kinds) await browser.call(`/api/remote/${remote}/x`)
    app.advance(halfMinute)
    for (const { remote, grant } of kinds) {
      // The session's own pause after a failure is for all of its tokens.
      app.advance(5000)
      app.provider.override('token', () => ({ status: 503 }))
      const before = app.provider.tokenRequests(grant).length
      for (let i = 0; i < 5; i++) {
        assert.notEqual((await browser.call(`/api/remote/${remote}/x`)).status, 200)
        app.advance(4000)
      }
      assert.ok(app.provider.tokenRequests(grant).length <= before + 1, remote)
      app.provider.override('token')
    }
  })

  test('T14: a refused token that is old enough is replaced, and the call succeeds', async (t) => {
    for (const { remote, visitor } of kinds) {
      const spent = new Set<unknown>()
      const { app, upstream } = await startRefused(t)
      upstream.server.removeAllListeners('request')
      upstream.server.on('request', (request, response) => {
        response.writeHead(spent.has(request.headers.authorization) ? 401 : 200)
        response.end(request.headers.authorization)
      })
      const browser = await visitorOf(app, visitor)
      const call = () => browser.call(`/api/remote/${remote}/x`)
      // Revoked before its first use is over: half a minute later it may be renewed all the same.
      spent.add((await call()).body)
      assert.equal((await call()).status, 401)
      app.advance(halfMinute)
      assert.equal((await call()).status, 200, remote)
    }
  })

  test('T14: on two instances it is one request between them', async (t) => {
    const provider: ScriptedProvider = await startScriptedProvider()
    t.after(() => provider.close())
    const store: KeyValue = { ...createMemoryStore(), close: async () => {} }
    const here = await startRefused(t, { provider, store })
    const there = await startRefused(t, { provider, store })
    const browserHere = await visitorOf(here.app, 'signed in')
    const browserThere = there.app.browser()
    browserThere.jar.set('localhost', new Map(browserHere.jar.get('localhost')))
    const callBoth = async () => {
      for (const browser of [browserHere, browserThere]) {
        for (const remote of ['users', 'machines']) await browser.call(`/api/remote/${remote}/x`)
      }
    }
    await callBoth()
    for (const app of [here.app, there.app]) app.advance(halfMinute)
    const before = provider.counters.token
    for (let i = 0; i < 10; i++) await callBoth()
    assert.equal(provider.counters.token, before + 2)
  })

  test('T14: the same holds for userFetch and clientFetch, and forceRenewal is exempt', async (t) => {
    const { app, upstream } = await startRefused(t)
    const browser = await visitorOf(app, 'signed in')
    const [session] = await app.bff.sessions.list('alice')
    assert.ok(session && browser)
    const fetches = [app.bff.userFetch(session.id), app.bff.clientFetch('catalog')]
    for (const fetchApi of fetches) assert.equal((await fetchApi(upstream.origin)).status, 401)
    app.advance(halfMinute)
    const before = app.provider.counters.token
    for (const fetchApi of fetches) {
      for (let i = 0; i < 10; i++) assert.equal((await fetchApi(upstream.origin)).status, 401)
    }
    assert.equal(app.provider.counters.token, before + 2)
    await app.bff.clientToken('catalog', { forceRenewal: true })
    await app.bff.clientToken('catalog', { forceRenewal: true })
    assert.equal(app.provider.counters.token, before + 4)
  })
})
