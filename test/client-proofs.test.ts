import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type App, type AppOptions, startApp } from './support/app.ts'
import { until } from './support/remote-fixture.ts'
import type { RecordedRequest, ScriptedAnswer } from './support/scripted-provider.ts'

/** Later than the five minutes that the scripted provider's access tokens live. */
const expired = 301_000
const endpoints = ['token', 'par', 'revocation'] as const
const ways = ['basic', 'post', 'key', 'none'] as const

function wayOf({ headers, params }: RecordedRequest): (typeof ways)[number] {
  if (headers.authorization?.startsWith('Basic ')) return 'basic'
  if (params.has('client_secret')) return 'post'
  return params.has('client_assertion') ? 'key' : 'none'
}

/** A provider that takes the secret in one way only. */
async function start(
  t: TestContext,
  refusal: ScriptedAnswer,
  { takes = 'post', ...options }: AppOptions & { takes?: 'post' | 'basic' | 'nothing' } = {},
) {
  const app = await startApp({
    ...options,
    config: {
      remotes: {
        api: { target: 'http://127.0.0.1:1' },
        exchanged: { target: 'http://127.0.0.1:1', exchange: { audience: 'x' } },
      },
      clients: { catalog: {} },
      ...options.config,
    },
  })
  t.after(() => app.close())
  const setTakes = (way: string) => {
    for (const name of endpoints) {
      app.provider.override(name, (request, usual) =>
        wayOf(request) === way ? usual() : Promise.resolve(refusal),
      )
    }
  }
  setTakes(takes)
  return { app, setTakes }
}

/** The ways of the requests that `work` makes, by kind. */
async function waysOf(app: App, work: () => Promise<unknown>): Promise<string> {
  const before = app.provider.requests.length
  await work()
  return app.provider.requests
    .slice(before)
    .filter(({ name }) => endpoints.some((it) => it === name))
    .map(wayOf)
    .join(' ')
}

const refusals: ScriptedAnswer[] = [
  { status: 401, body: { error: 'invalid_client' } },
  { status: 400, body: { error: 'invalid_client' } },
  { status: 400, body: { error: 'unauthorized_client' } },
  { body: { error: 'invalid_client' } },
]
const [refusal] = refusals as [ScriptedAnswer]
const labelOf = ({ status = 200, body }: ScriptedAnswer) =>
  `${status} ${(body as { error: string }).error}`

describe('T27: a secret goes by HTTP Basic first', () => {
  for (const refusal of refusals) {
    test(`T27: and in the body after ${labelOf(refusal)}: every kind of request`, async (t) => {
      const kinds: Record<string, (app: App) => Promise<unknown>> = {
        async 'sign-in'(app) {
          await app.browser().signInHere()
        },
        machine: async (app) => assert.equal((await app.bff.clientToken('catalog')).kind, 'bearer'),
      }
      for (const [kind, work] of Object.entries(kinds)) {
        const { app } = await start(t, refusal)
        assert.equal(await waysOf(app, () => work(app)), 'basic post', kind)
        assert.equal(await waysOf(app, () => app.browser().signInHere()), 'post', kind)
      }
      const { app, setTakes } = await start(t, refusal, {
        takes: 'basic',
        config: { oidc: { par: true } },
      })
      const browser = app.browser()
      assert.equal(await waysOf(app, () => browser.signInHere()), 'basic basic')
      const call = (remote: string) => browser.call(`/api/remote/${remote}/x`)
      // The client was registered anew meanwhile, and anew again.
      setTakes('post')
      app.advance(expired)
      assert.equal(await waysOf(app, () => call('api')), 'basic post')
      setTakes('basic')
      assert.equal(await waysOf(app, () => call('exchanged')), 'post basic')
      setTakes('post')
      assert.equal(await waysOf(app, () => app.browser().signInHere()), 'basic post post')
      // RFC 7009: a 200 there means that the token is revoked, whatever stands in it.
      if (refusal.status === undefined) return
      setTakes('basic')
      const signOut = async () => {
        const revoked = app.provider.state.revoked.length
        await browser.call('/bff/logout', { method: 'POST' })
        await until(() => app.provider.state.revoked.length === revoked + 2)
      }
      assert.equal(await waysOf(app, signOut), 'post basic basic')
    })
  }

  test('T27: with a proof of its own at each try (DPoP)', async (t) => {
    const { app } = await start(t, refusal, { config: { oidc: { dpop: true, par: true } } })
    assert.equal(await waysOf(app, () => app.browser().signInHere()), 'basic post post')
    const proofs = app.provider.requests.flatMap(({ headers }) => headers.dpop ?? [])
    assert.equal(proofs.length, 3)
    assert.equal(new Set(proofs).size, 3)
  })

  test('T27: only where the provider lists it', async (t) => {
    for (const listed of [['client_secret_basic'], undefined, 'client_secret_post']) {
      const { app } = await start(t, refusal, {
        provider: { metadata: { token_endpoint_auth_methods_supported: listed } },
      })
      const expected = listed === 'client_secret_post' ? 'basic post' : 'basic'
      assert.equal(await waysOf(app, () => app.bff.clientToken('catalog')), expected)
    }
  })

  test('T27: what refuses both is asked once a minute in both ways', async (t) => {
    const { app, setTakes } = await start(t, refusal, { takes: 'nothing' })
    const ask = () => waysOf(app, () => app.bff.clientToken('catalog'))
    assert.equal(await ask(), 'basic post')
    assert.equal(await ask(), 'basic')
    app.advance(59_000)
    assert.equal(await ask(), 'basic')
    app.advance(2000)
    assert.equal(await ask(), 'basic post')
    setTakes('basic')
    assert.equal(await ask(), 'basic')
  })

  test('T27: each client and secret for itself', async (t) => {
    const { app } = await start(t, refusal, {
      env: { OTHER_SECRET: 'x7Gq2LwV9nKf4TzR1pYs' },
      config: { clients: { catalog: {}, other: { clientId: 'other', secretEnv: 'OTHER_SECRET' } } },
    })
    assert.equal(await waysOf(app, () => app.bff.clientToken('catalog')), 'basic post')
    assert.equal(await waysOf(app, () => app.bff.clientToken('other')), 'basic post')
    assert.equal(await waysOf(app, () => app.browser().signInHere()), 'post')
  })

  test('T27: a method that is pinned is the only one, and the environment goes first', async (t) => {
    const pins: [AppOptions, string][] = [
      [{ env: { OIDC_AUTH_METHOD: 'client_secret_basic' } }, 'basic'],
      [{ env: { OIDC_AUTH_METHOD: 'client_secret_post' } }, 'post'],
      [{ config: { oidc: { authMethod: 'client_secret_post' } } }, 'post'],
      [
        {
          env: { OIDC_AUTH_METHOD: 'client_secret_basic' },
          config: { oidc: { authMethod: 'client_secret_post' } },
        },
        'basic',
      ],
    ]
    for (const [options, expected] of pins) {
      const { app } = await start(t, refusal, { ...options, takes: 'nothing' })
      assert.equal(await waysOf(app, () => app.browser().signInHere()), expected)
    }
  })

  test('T27: a key is tried in no other way', async (t) => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])
    const key = JSON.stringify(await crypto.subtle.exportKey('jwk', pair.privateKey))
    const env = { OIDC_CLIENT_SECRET: '', OIDC_CLIENT_KEY: key }
    const { app } = await start(t, refusal, { env, takes: 'nothing' })
    assert.equal(await waysOf(app, () => app.browser().signInHere()), 'key')
  })

  test('T27: what is said of a way that was only tried ends nobody’s session', async (t) => {
    const { app } = await start(t, refusal, { takes: 'basic' })
    const answers: ScriptedAnswer[] = [
      { status: 400, body: '' },
      { status: 400, body: { error: 'invalid_request' } },
      { status: 403, body: { error: 'access_denied' } },
    ]
    for (const answer of answers) {
      const browser = app.browser()
      await browser.signInHere()
      app.provider.override('token', (request) => (wayOf(request) === 'basic' ? refusal : answer))
      app.advance(expired)
      const ask = async () =>
        assert.equal((await browser.call('/api/remote/api/x')).status, 503, JSON.stringify(answer))
      assert.equal(await waysOf(app, ask), 'basic post')
      assert.ok(await browser.user())
      app.provider.override('token')
    }
  })

  test('T27, T20: the look at our credentials compares what was sent in the same way', async (t) => {
    const { app } = await start(t, refusal)
    const browser = app.browser()
    await browser.signInHere()
    // Basic is refused for itself; in the body everything is refused alike, a wrong secret too.
    const alike = { status: 400, body: '' }
    app.provider.override('token', (request) => (wayOf(request) === 'basic' ? refusal : alike))
    app.provider.override('revocation', (request) => (wayOf(request) === 'basic' ? refusal : alike))
    app.advance(expired)
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    assert.ok(await browser.user())
  })
})
