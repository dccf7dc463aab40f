import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startApp } from './support/app.ts'
import { startUpstream } from './support/remote-fixture.ts'
import type { ScriptedAnswer } from './support/scripted-provider.ts'

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const halfMinute = 31_000

/** How providers say that a subject token is dead (RFC 8693 section 2.2.2, and otherwise). */
const refusals: ScriptedAnswer[] = [
  { status: 400, body: { error: 'invalid_grant' } },
  { status: 401, body: { error: 'invalid_grant' } },
  { status: 400, body: { error: 'invalid_token' } },
  { status: 401, body: { error: 'invalid_token' } },
  { status: 400, body: { error: 'invalid_request' } },
  { status: 400, body: '' },
]

/** A signed-in user at a provider that exchanges tokens which `isAlive`, and refreshes while `hasGrant`. */
async function start(t: TestContext, refusal: ScriptedAnswer) {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const app = await startApp({
    config: { remotes: { legacy: { target: upstream.origin, exchange: { audience: 'legacy' } } } },
  })
  t.after(() => app.close())
  const browser = app.browser()
  await browser.signInHere()
  const provider = { isAlive: (_: string) => true, hasGrant: true, isWell: true }
  app.provider.override('token', ({ params }, usual) => {
    if (params.get('grant_type') === grant) {
      return provider.isAlive(params.get('subject_token') ?? '') ? usual() : refusal
    }
    if (!provider.isWell) return { status: 503 }
    return provider.hasGrant ? usual() : { status: 400, body: { error: 'invalid_grant' } }
  })
  const call = async () => {
    const { status, body } = await browser.call('/api/remote/legacy/x')
    return status === 200 ? 200 : `${status} ${JSON.parse(body).code}`
  }
  const counts = () => [
    app.provider.tokenRequests(grant).length,
    app.provider.tokenRequests('refresh_token').length,
  ]
  return { app, browser, provider, call, counts }
}

const first = () => {
  let dead: string | undefined
  return (token: string) => {
    dead ??= token
    return token !== dead
  }
}

describe('T18: an exchange whose subject is dead', () => {
  for (const refusal of refusals) {
    const how = JSON.stringify([refusal.status, refusal.body])
    test(`T18: has it renewed once, and succeeds: ${how}`, async (t) => {
      const { app, provider, call, counts } = await start(t, refusal)
      app.advance(halfMinute)
      provider.isAlive = first()
      assert.equal(await call(), 200)
      assert.deepEqual(counts(), [2, 1])
      assert.equal(await call(), 200)
      assert.deepEqual(counts(), [2, 1])
    })

    test(`T18: with a dead grant it is 401 session_expired, and never a 500: ${how}`, async (t) => {
      const { app, browser, provider, call, counts } = await start(t, refusal)
      provider.isAlive = () => false
      provider.hasGrant = false
      // Too new to be renewed: no more is known yet than what the refusal says.
      assert.match(String(await call()), /^401 session_expired$|^503 token_unavailable$/)
      assert.deepEqual(counts(), [1, 0])
      app.advance(halfMinute)
      assert.equal(await call(), '401 session_expired')
      assert.deepEqual(counts(), [2, 1])
      assert.equal(await browser.user(), undefined)
    })
  }

  test('T18: that stays dead is 401 session_expired', async (t) => {
    for (const error of ['invalid_grant', 'invalid_token']) {
      const { app, provider, call, counts } = await start(t, { status: 400, body: { error } })
      app.advance(halfMinute)
      provider.isAlive = () => false
      assert.equal(await call(), '401 session_expired')
      assert.deepEqual(counts(), [2, 1])
    }
  })

  test('T18: what a new token does not heal is 503, and ends nothing', async (t) => {
    const { app, browser, provider, call, counts } = await start(t, {
      status: 400,
      body: { error: 'invalid_request' },
    })
    app.advance(halfMinute)
    provider.isAlive = () => false
    assert.equal(await call(), '503 token_unavailable')
    assert.deepEqual(counts(), [2, 1])
    assert.equal((await browser.user())?.sub, 'alice')
  })

  for (const refusal of [
    ...refusals,
    { status: 400, body: { error: 'invalid_target' } },
    { status: 401, body: { error: 'invalid_client' } },
    { status: 503, body: '' },
    { fault: 'reset' },
  ] satisfies ScriptedAnswer[]) {
    const how = JSON.stringify(refusal)
    test(`T18: a failing exchange is not asked anew for every call: ${how}`, async (t) => {
      for (const isWell of [true, false]) {
        const { app, browser, provider, call, counts } = await start(t, refusal)
        app.advance(halfMinute)
        const other = app.browser()
        await other.signInHere()
        provider.isAlive = () => false
        provider.isWell = isWell
        const first = await call()
        const [exchanges = 0, refreshes = 0] = counts()
        assert.ok(exchanges <= 2 && refreshes <= 1)
        for (let i = 0; i < 20; i++) assert.equal(await call(), first)
        assert.deepEqual(counts(), [exchanges, refreshes])
        // Somebody else’s is another matter, and so is a later one.
        provider.isAlive = () => true
        provider.isWell = true
        assert.equal((await other.call('/api/remote/legacy/x')).status, 200)
        app.advance(3001)
        assert.equal(await call(), 200)
        assert.equal((await browser.user())?.sub, 'alice')
      }
    })
  }

  test('T18: any other failure renews nothing', async (t) => {
    for (const refusal of [
      { status: 400, body: { error: 'invalid_target' } },
      { status: 401, body: { error: 'invalid_client' } },
      { status: 403, body: '' },
      { status: 503, body: { error: 'invalid_grant' } },
      { fault: 'reset' },
    ] satisfies ScriptedAnswer[]) {
      const { app, provider, call, counts } = await start(t, refusal)
      app.advance(halfMinute)
      provider.isAlive = () => false
      assert.doesNotMatch(String(await call()), /^401/)
      assert.equal(counts()[1], 0)
    }
  })
})
