import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import type { RemoteSettings } from '#lib/config/remote.ts'
import { createTokenParameters } from '#lib/config/token-parameters.ts'
import { generateDpopKey } from '#lib/oidc/dpop-key.ts'
import { createNonceMemory } from '#lib/oidc/nonce-memory.ts'
import type { Session } from '#lib/session/session.ts'
import { createDpopSigners } from '#lib/tokens/dpop.ts'
import { createExchangedToken, type ExchangedTokenDeps } from '#lib/tokens/exchanged-token.ts'
import { createCheckAudience } from '#lib/tokens/named-audience.ts'
import type { TokenResult } from '#lib/tokens/token-result.ts'
import { providerUnderTest } from './support/provider-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
after(() => peer.close())
afterEach(() => {
  peer.override('token')
  peer.requests.length = 0
})

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const requests = () => peer.tokenRequests(grant)
const legacy = remote({ audience: 'legacy' })

function remote(exchange: RemoteSettings['exchange'], more: Partial<RemoteSettings> = {}) {
  return { name: 'legacy', exchange, dpop: false, ...more } as RemoteSettings
}

function session(key: string, dpopKey?: JsonWebKey) {
  return { key, record: dpopKey ? { dpopKey } : {} } as Session
}

function exchangeUnderTest(more: Partial<ExchangedTokenDeps> = {}) {
  const { provider, log } = providerUnderTest(peer)
  const exchangedToken = createExchangedToken({
    provider,
    parameters: createTokenParameters({}),
    userToken: ({ key }) => ({ kind: 'bearer', token: `token-of-${key}` }),
    clientToken: (name) => ({ kind: 'bearer', token: `token-of-client-${name}` }),
    signer: createDpopSigners({ nonces: createNonceMemory() }),
    checkAudience: createCheckAudience({ log, remotes: {} }),
    log,
    now: Date.now,
    ...more,
  })
  return { exchangedToken, log }
}

function tokenOf(result: TokenResult): string {
  assert.ok(result.kind === 'bearer' || result.kind === 'dpop', JSON.stringify(result))
  return result.token
}

describe('token exchange (RFC 8693)', () => {
  test('sends the user’s token and the target, and keeps the answer for the session', async () => {
    const { exchangedToken } = exchangeUnderTest()
    const target = remote({ audience: 'legacy', scope: 'read', resource: 'urn:l' })
    const first = tokenOf(await exchangedToken(session('alice'), target, {}))
    assert.deepEqual(Object.fromEntries(requests()[0] ?? []), {
      grant_type: grant,
      subject_token: 'token-of-alice',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'legacy',
      scope: 'read',
      resource: 'urn:l',
    })
    const second = exchangedToken(session('alice'), target, {})
    assert.ok(!(second instanceof Promise))
    assert.equal(tokenOf(second), first)
  })

  test('S15: what is remembered is bounded in bytes, however long the tokens are', async () => {
    const { exchangedToken } = exchangeUnderTest()
    const length = 900_000
    const body = { access_token: 't'.repeat(length), token_type: 'Bearer', expires_in: 600 }
    peer.override('token', () => ({ body }))
    const users = Array.from({ length: 60 }, (_, i) => session(`user-${i}`))
    for (const user of users) tokenOf(await exchangedToken(user, legacy, {}))
    peer.override('token', () => ({ status: 503 }))
    const answers = users.map((user) => exchangedToken(user, legacy, {}))
    const kept = answers.filter((answer) => !(answer instanceof Promise))
    await Promise.all(answers)
    assert.ok(kept.length > 5, `remembers ${kept.length}`)
    assert.ok(kept.length * length <= 32 * 1024 * 1024, `remembers ${kept.length}`)
  })

  test('delegation: the machine client that acts is named by its own token', async () => {
    const { exchangedToken } = exchangeUnderTest()
    await exchangedToken(session('alice'), remote({ actor: 'worker' }), {})
    assert.equal(requests()[0]?.get('actor_token'), 'token-of-client-worker')
    assert.match(requests()[0]?.get('actor_token_type') ?? '', /access_token$/)
  })

  test('S9: sessions, remotes and renewed subject tokens never share an exchanged token', async () => {
    let generation = 1
    const { exchangedToken } = exchangeUnderTest({
      userToken: () => ({ kind: 'bearer', token: `the-same-text-${generation}` }),
    })
    const other = remote({ audience: 'legacy' }, { name: 'other' })
    const tokens = [
      await exchangedToken(session('alice'), legacy, {}),
      await exchangedToken(session('bob'), legacy, {}),
      await exchangedToken(session('alice'), other, {}),
    ]
    generation = 2
    tokens.push(await exchangedToken(session('alice'), legacy, {}))
    assert.equal(new Set(tokens.map(tokenOf)).size, 4)
  })

  test('twenty calls at once make one request', async () => {
    const { exchangedToken } = exchangeUnderTest()
    const results = await Promise.all(
      Array.from({ length: 20 }, () => exchangedToken(session('alice'), legacy, {})),
    )
    assert.equal(new Set(results.map(tokenOf)).size, 1)
    assert.equal(requests().length, 1)
  })

  test('T12: a refused token is exchanged again', async () => {
    let time = Date.now()
    const { exchangedToken } = exchangeUnderTest({ now: () => time })
    const rejected = tokenOf(await exchangedToken(session('alice'), legacy, {}))
    time += 30_000
    const next = tokenOf(await exchangedToken(session('alice'), legacy, { rejected }))
    assert.notEqual(next, rejected)
    assert.equal(tokenOf(await exchangedToken(session('alice'), legacy, { rejected })), next)
  })

  test('whoever has no user token gets none exchanged', async () => {
    const { exchangedToken } = exchangeUnderTest({
      userToken: async () => ({ kind: 'failed', code: 'session_expired' }),
    })
    const result = await exchangedToken(session('alice'), legacy, {})
    assert.deepEqual(result, { kind: 'failed', code: 'session_expired' })
    assert.equal(requests().length, 0)
  })

  test('an actor without a token is a failure, never an impersonation', async () => {
    const { exchangedToken } = exchangeUnderTest({
      clientToken: () => ({ kind: 'failed', code: 'token_unavailable' }),
    })
    const result = await exchangedToken(session('alice'), remote({ actor: 'worker' }), {})
    assert.deepEqual(result, { kind: 'failed', code: 'token_unavailable' })
    assert.equal(requests().length, 0)
  })

  test('failures are told apart, logged, and kept for three seconds', async () => {
    let time = Date.now()
    const { exchangedToken, log } = exchangeUnderTest({ now: () => time })
    const attempt = () => exchangedToken(session('alice'), legacy, {})
    peer.once('token', () => ({ status: 503 }))
    const away = { kind: 'failed', code: 'token_unavailable' }
    assert.deepEqual(await attempt(), { ...away, reason: { status: 503 } })
    assert.deepEqual(await attempt(), away)
    time += 3001
    peer.once('token', () => ({ status: 400, body: { error: 'invalid_target' } }))
    const ours = { kind: 'failed', code: 'provider_misconfigured' }
    const reason = { status: 400, error: 'invalid_target' }
    assert.deepEqual(await attempt(), { ...ours, reason })
    // Nobody was asked this time.
    assert.deepEqual(await attempt(), ours)
    time += 3001
    assert.equal((await attempt()).kind, 'bearer')
    assert.equal(requests().length, 3)
    assert.equal(log.events.filter(({ event }) => event === 'token.exchange.failed').length, 2)
  })

  test('an old token stays in use while a new one cannot be had', async () => {
    let time = Date.now()
    const { exchangedToken } = exchangeUnderTest({ now: () => time })
    const first = tokenOf(await exchangedToken(session('alice'), legacy, {}))
    peer.override('token', () => ({ status: 503 }))
    time += 250_000
    assert.equal(tokenOf(await exchangedToken(session('alice'), legacy, {})), first)
    time += 60_000
    assert.equal((await exchangedToken(session('alice'), legacy, {})).kind, 'failed')
  })

  test('T10: for a remote with DPoP the token is bound to the session’s key', async () => {
    const { exchangedToken } = exchangeUnderTest()
    const bound = remote({ audience: 'legacy' }, { dpop: true })
    const result = await exchangedToken(session('alice', await generateDpopKey()), bound, {})
    assert.ok(result.kind === 'dpop')
    assert.match(await result.signer.proof('GET', 'https://a/'), /^ey/)
  })
})
