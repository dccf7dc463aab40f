import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { type AppOptions, startApp } from './support/app.ts'
import { startUpstream, until } from './support/remote-fixture.ts'

const codeOf = ({ body }: { body: string }) => JSON.parse(body).code

interface Cleanup {
  after(work: () => Promise<void>): void
}

/** An API, and an app whose remotes lead to it. */
async function startWith(
  t: Cleanup,
  config: (target: string) => Config,
  options: Omit<AppOptions, 'config'> = {},
) {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const app = await startApp({ ...options, config: config(upstream.origin) })
  t.after(() => app.close())
  return { app, upstream }
}

describe('parameters of requests to the provider', () => {
  test('those of the settings and of the tokenRequest hook reach every request that they are for', async (t) => {
    const { app } = await startWith(t, (target) => ({
      oidc: {
        params: { audience: 'https://api.example', access_type: 'offline' },
        refreshParams: { tenant: 'of-refresh' },
        revocationParams: { tenant: 'of-revocation' },
      },
      tokenRequest: async ({ grant, client, resource, scope }) => ({
        seen: [grant, client, resource, scope].join(','),
      }),
      remotes: {
        reports: { target, resource: 'urn:reports', scope: 'openid reports' },
        legacy: { target, exchange: { resource: 'urn:legacy', scope: 'read' } },
        machine: { target, token: 'client', client: 'catalog' },
      },
      clients: {
        catalog: { scope: 'catalog', resource: 'urn:catalog', parameters: { tenant: 'of-client' } },
      },
    }))
    const browser = app.browser()
    await browser.signInHere()
    for (const remote of ['reports', 'legacy', 'machine']) {
      assert.equal((await browser.call(`/api/remote/${remote}/x`)).status, 200)
    }
    const user = await browser.user()
    await browser.visit(`${app.origin}${user?.['bff:logout_url']}`)
    await until(() => app.provider.counters.revocation > 0)

    const { requests } = app.provider
    const asked = requests.find(({ name }) => name === 'authorize')?.params
    assert.equal(asked?.get('audience'), 'https://api.example')
    assert.equal(asked?.get('access_type'), 'offline')
    const ofTokens = app.provider
      .tokenRequests()
      .map((it) => [it.get('seen'), it.get('tenant'), it.get('audience')])
    assert.deepEqual(ofTokens, [
      ['authorization_code,,,', null, null],
      ['refresh_token,,urn:reports,openid reports', 'of-refresh', null],
      ['token_exchange,,urn:legacy,read', null, null],
      ['client_credentials,catalog,urn:catalog,catalog', 'of-client', null],
    ])
    const revocations = requests.filter(({ name }) => name === 'revocation')
    assert.ok(revocations.every(({ params }) => params.get('tenant') === 'of-revocation'))
  })
})

describe('the token hook of a remote', () => {
  test('is told who asks for what, and never a token that it did not ask for', async (t) => {
    let told: unknown
    const { app, upstream } = await startWith(t, (target) => ({
      remotes: {
        api: {
          target: `${target}/base`,
          token: async (context) => {
            told = { ...context, userToken: undefined }
            return `for-${context.user?.sub ?? 'nobody'}`
          },
        },
      },
      session: { claims: ['sub', 'name'] },
    }))
    const browser = app.browser()
    await browser.call('/api/remote/api/x')
    await browser.signInHere()
    await browser.call('/api/remote/api/x?y=1', { method: 'POST' })
    assert.deepEqual(told, {
      remote: 'api',
      method: 'POST',
      path: '/base/x?y=1',
      user: { sub: 'alice', claims: { sub: 'alice', name: 'Alice Größer 漢 🎟' } },
      userToken: undefined,
    })
    const sent = upstream.requests.map(({ headers }) => headers.authorization)
    assert.deepEqual(sent, ['Bearer for-nobody', 'Bearer for-alice'])
  })

  for (const [title, token] of [
    ['rejects', () => Promise.reject(new Error('vault sealed: s3cret'))],
    [
      'throws',
      () => {
        throw new Error('vault sealed: s3cret')
      },
    ],
    ['gives what is no token', async () => 'two\r\nlines: 1'],
    ['gives the empty string', async () => ''],
  ] as const) {
    test(`that ${title}: 503, the API is not called, and nobody learns why but the log`, async (t) => {
      const { app, upstream } = await startWith(t, (target) => ({
        remotes: { api: { target, token } },
      }))
      const browser = app.browser()
      const answer = await browser.call('/api/remote/api/x')
      assert.deepEqual([answer.status, codeOf(answer)], [503, 'token_unavailable'])
      assert.ok(!answer.body.includes('s3cret'))
      assert.equal(upstream.requests.length, 0)
      assert.equal(app.log.events.filter(({ event }) => event === 'unexpected.error').length, 1)
    })
  }

  test('T12: is asked again after a 401 of the API, and that is all', async (t) => {
    let asked = 0
    const upstream = await startUpstream((request, response) => {
      response.writeHead(request.headers.authorization === 'Bearer v2' ? 200 : 401).end()
    })
    t.after(() => upstream.close())
    const token = async () => {
      asked += 1
      return `v${asked}`
    }
    const app = await startApp({ config: { remotes: { api: { target: upstream.origin, token } } } })
    t.after(() => app.close())
    const browser = app.browser()
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    assert.equal((await browser.call('/api/remote/api/x')).status, 401)
    assert.deepEqual([asked, upstream.requests.length], [4, 4])
  })
})

describe('user-or-client', () => {
  const remotes = (target: string): Config => ({
    remotes: { api: { target, token: 'user-or-client', client: 'catalog' } },
    clients: { catalog: { scope: 'catalog' } },
  })

  test('is the machine’s token for the signed-out only', async (t) => {
    const { app, upstream } = await startWith(t, remotes)
    const browser = app.browser()
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    const machines = upstream.requests[0]?.headers.authorization
    assert.equal(app.provider.tokenRequests('client_credentials').length, 1)
    await browser.signInHere()
    await browser.call('/api/remote/api/x')
    assert.notEqual(upstream.requests[1]?.headers.authorization, machines)
    const stranger = app.browser()
    await stranger.call('/api/remote/api/x')
    assert.equal(upstream.requests[2]?.headers.authorization, machines)
  })

  for (const [title, answer, expected] of [
    ['the provider is down', { status: 503 }, [503, 'token_unavailable']],
    [
      'the provider refuses us',
      { status: 401, body: { error: 'invalid_client' } },
      [503, 'token_unavailable'],
    ],
    [
      'the refresh token is dead',
      { status: 400, body: { error: 'invalid_grant' } },
      [401, 'session_expired'],
    ],
  ] as const) {
    test(`a signed-in user gets no machine token when ${title}`, async (t) => {
      const { app, upstream } = await startWith(t, remotes)
      const browser = app.browser()
      // The machine's token is at hand, so nothing but the rule keeps it back.
      await app.bff.clientToken('catalog')
      await browser.signInHere()
      app.advance(301_000)
      app.provider.override('token', () => answer)
      const refused = await browser.call('/api/remote/api/x')
      assert.deepEqual([refused.status, codeOf(refused)], expected)
      assert.equal(upstream.requests.length, 0)
    })
  }

  test('a user’s token that the API refuses is not replaced by the machine’s', async (t) => {
    const upstream = await startUpstream((_, response) => response.writeHead(401).end('no'))
    t.after(() => upstream.close())
    const app = await startApp({ config: remotes(upstream.origin) })
    t.after(() => app.close())
    const machines = await app.bff.clientToken('catalog')
    assert.ok(machines.kind === 'bearer')
    const browser = app.browser()
    await browser.signInHere()
    app.advance(31_000)
    assert.equal((await browser.call('/api/remote/api/x')).status, 401)
    const sent = upstream.requests.map(({ headers }) => headers.authorization)
    assert.equal(sent.length, 2)
    assert.ok(!sent.includes(`Bearer ${machines.token}`))
  })
})
