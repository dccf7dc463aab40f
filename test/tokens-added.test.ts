import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { type App, startApp } from './support/app.ts'
import { startUpstream, until } from './support/remote-fixture.ts'

const remotes = ['plain', 'reports', 'machine', 'exchanged'] as const

/** An app whose provider names in each token the tenant that was asked for, and an API that answers with it. */
async function start(t: TestContext, tokenRequest: NonNullable<Config['tokenRequest']>) {
  const upstream = await startUpstream((request, response) => {
    response.end(request.headers.authorization)
  })
  t.after(() => upstream.close())
  const target = upstream.origin
  const app = await startApp({
    config: {
      tokenRequest,
      remotes: {
        plain: { target },
        reports: { target, resource: 'urn:reports' },
        machine: { target, token: 'client', client: 'catalog' },
        exchanged: { target, exchange: { audience: 'legacy' } },
      },
      clients: { catalog: { scope: 'catalog' } },
    },
  })
  t.after(() => app.close())
  app.provider.override('token', async ({ params }, usual) => {
    const answer = await usual()
    const { access_token, ...body } = answer.body as Record<string, string>
    if (access_token === undefined) return answer
    return { ...answer, body: { ...body, access_token: `${params.get('tenant')}-${access_token}` } }
  })
  return { app, upstream }
}

const requests = ({ provider }: App) => provider.counters.token

describe('T19: what the hook tokenRequest adds', () => {
  for (const how of ['at once', 'later'] as const) {
    test(`T19: keeps the tokens of tenants apart, whoever is next: answered ${how}`, async (t) => {
      let tenant = 'a'
      const { app } = await start(t, () =>
        how === 'at once' ? { tenant } : Promise.resolve({ tenant }),
      )
      const browser = app.browser()
      await browser.signInHere()
      const seen = new Map<string, string>()
      for (tenant of ['a', 'b', 'a', 'b']) {
        const before = requests(app)
        for (const remote of remotes) {
          const { status, body } = await browser.call(`/api/remote/${remote}/x`)
          assert.equal(status, 200)
          assert.match(body, new RegExp(`^Bearer ${tenant}-`), `${remote} of ${tenant}`)
          const known = seen.get(`${remote} ${tenant}`)
          assert.ok(known === undefined || known === body, 'the second time it is at hand')
          seen.set(`${remote} ${tenant}`, body)
        }
        if (seen.size === 2 * remotes.length && tenant === 'a') assert.equal(requests(app), before)
      }
      assert.equal(new Set(seen.values()).size, 2 * remotes.length)
      const [session] = await app.bff.sessions.list('alice')
      for (tenant of ['b', 'a']) {
        const tokens = [
          await app.bff.userToken(session?.id ?? ''),
          await app.bff.clientToken('catalog'),
        ]
        for (const it of tokens) assert.ok('token' in it && it.token.startsWith(`${tenant}-`))
      }
    })
  }

  test('T19: is the same for the sign-in’s own token, which is used as long as nothing changes', async (t) => {
    let tenant = 'a'
    const { app } = await start(t, ({ grant }) => ({ tenant, grant_seen: grant }))
    const browser = app.browser()
    await browser.signInHere()
    assert.match((await browser.call('/api/remote/plain/x')).body, /^Bearer a-/)
    assert.equal(requests(app), 1)
    tenant = 'b'
    assert.match((await browser.call('/api/remote/plain/x')).body, /^Bearer b-/)
    assert.equal(requests(app), 2)
  })

  test('T19: may be of any number, and the session stays small', async (t) => {
    let count = 0
    const { app } = await start(t, () => ({ tenant: `t${++count}` }))
    const browser = app.browser()
    await browser.signInHere()
    for (let i = 0; i < 60; i++) await browser.call('/api/remote/plain/x')
    await browser.call('/bff/logout', { method: 'POST' })
    await until(() => app.provider.state.revoked.length >= 51)
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.ok(app.provider.state.revoked.length <= 51, `${app.provider.state.revoked.length}`)
  })

  const own = {
    refresh_token: ['grant_type', 'refresh_token', 'client_id', 'client_assertion'],
    client_credentials: ['grant_type', 'scope', 'resource', 'audience', 'client_secret'],
    token_exchange: ['grant_type', 'subject_token', 'actor_token', 'audience', 'client_id'],
  } as const
  const remoteOf = {
    refresh_token: 'reports',
    client_credentials: 'machine',
    token_exchange: 'exchanged',
  }

  test('T19: is checked as settings are: nothing of ours, and text', async (t) => {
    let added: unknown = {}
    let when = ''
    const { app, upstream } = await start(t, ({ grant }) =>
      grant === when ? (added as Record<string, string>) : {},
    )
    const browser = app.browser()
    await browser.signInHere()
    for (const [grant, names] of Object.entries(own)) {
      when = grant
      const faulty = [...names.map((name) => ({ [name]: 'mine' })), { tenant: 7 }, null, 'tenant']
      for (added of faulty) {
        const remote = remoteOf[grant as keyof typeof own]
        const before = [requests(app), upstream.requests.length]
        const { status } = await browser.call(`/api/remote/${remote}/x`)
        assert.ok(status === 500 || status === 503, `${grant} ${JSON.stringify(added)}: ${status}`)
        assert.deepEqual([requests(app), upstream.requests.length], before)
      }
    }
    when = 'authorization_code'
    for (added of [{ code: 'mine' }, { code_verifier: 'mine' }, { redirect_uri: 'mine' }]) {
      const before = requests(app)
      const stranger = app.browser()
      assert.equal((await stranger.signInHere()).status, 500)
      assert.equal(requests(app), before)
    }
    assert.equal((await browser.user())?.sub, 'alice')
  })
})
