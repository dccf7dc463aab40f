import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { generateDpopKey } from '#lib/oidc/dpop-key.ts'
import { createRefreshGrant, type RefreshGrantRequest } from '#lib/tokens/refresh-grant.ts'
import { providerUnderTest } from './support/provider-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
after(() => peer.close())
afterEach(() => {
  Object.assign(peer.state, { dpopNonce: undefined, rotate: true, idTokenOnRefresh: true })
  Object.assign(peer.state, { sendExpiresIn: true, metadata: {} })
  peer.override('token')
})

type Options = Parameters<typeof providerUnderTest>[1]

/** A signed-in user, and the grant that refreshes their tokens. */
async function signedIn(options: Options = {}, dpopKey?: JsonWebKey) {
  const { provider, oidc, signIn } = providerUnderTest(peer, options)
  const result = await signIn(dpopKey ? { expected: { dpopKey } } : {})
  assert.ok(result.kind === 'signed-in')
  const grant = createRefreshGrant({ provider, oidc, now: Date.now })
  const refresh = (more: Partial<RefreshGrantRequest> = {}) =>
    grant({
      refreshToken: result.refreshToken ?? '',
      expected: { sub: 'alice', issuer: peer.issuer },
      ...(dpopKey ? { dpopKey } : {}),
      ...more,
    })
  return { refresh, grant, refreshToken: result.refreshToken }
}

/** The honest answer to the next refresh, changed. */
function answerWith(change: (body: Record<string, unknown>) => Record<string, unknown>) {
  peer.once('token', async (_, usual) => {
    const answer = await usual()
    return { ...answer, body: change(answer.body as Record<string, unknown>) }
  })
}

describe('a refresh', () => {
  test('T7: brings a token, a new refresh token, and a new ID token', async () => {
    const { refresh, refreshToken } = await signedIn()
    peer.state.claims = { ...peer.state.claims, name: 'Alice II' }
    const outcome = await refresh()
    assert.ok(outcome.kind === 'refreshed')
    assert.equal(outcome.accessToken?.expiresInSeconds, 300)
    assert.notEqual(outcome.tokens.refreshToken, refreshToken)
    assert.equal(decodeJwt(outcome.tokens.idToken ?? '').name, 'Alice II')
  })

  test('T7: may come without expires_in, refresh token and ID token', async () => {
    Object.assign(peer.state, { rotate: false, idTokenOnRefresh: false })
    const { refresh } = await signedIn()
    peer.state.sendExpiresIn = false
    const outcome = await refresh()
    assert.ok(outcome.kind === 'refreshed')
    assert.deepEqual(Object.keys(outcome.tokens).sort(), ['accessToken', 'scope', 'type'])
    assert.equal(outcome.accessToken?.expiresInSeconds, undefined)
  })

  test('sends the target, the settings and what the hook adds', async () => {
    const { refresh, refreshToken } = await signedIn({
      oidc: { refreshParams: { tenant: 'one', audience: 'a' } },
    })
    const added = { audience: 'refresh_token', scope: 'x' }
    await refresh({ added, resource: 'urn:reports', scope: 'reports.read' })
    const sent = Object.fromEntries(peer.tokenRequests('refresh_token').at(-1) ?? [])
    assert.deepEqual(sent, {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      tenant: 'one',
      audience: 'refresh_token',
      resource: 'urn:reports',
      scope: 'reports.read',
    })
  })
})

test('L3: a refresh token is never sent to another issuer than the one it came from', async () => {
  const { refresh } = await signedIn()
  const before = peer.counters.token
  const outcome = await refresh({ expected: { sub: 'alice', issuer: 'https://old.example' } })
  assert.deepEqual(outcome, { kind: 'rejected', error: 'another_issuer' })
  assert.equal(peer.counters.token, before)
})

describe('T7: a refreshed ID token', () => {
  const withIdToken = (
    claims: Record<string, unknown>,
    sign?: Parameters<typeof peer.signIdToken>[1],
  ) =>
    peer.once('token', async (_, usual) => {
      const answer = await usual()
      const id_token = await peer.signIdToken(claims, sign)
      return { ...answer, body: { ...(answer.body as object), id_token } }
    })

  test('of another user or issuer ends the session, and nothing of it is used', async () => {
    for (const claims of [{ sub: 'mallory' }, { iss: 'https://evil.example' }]) {
      const { refresh } = await signedIn()
      withIdToken(claims)
      const outcome = await refresh()
      assert.ok(outcome.kind === 'foreign')
      assert.equal(outcome.error, 'id_token_mismatch')
    }
  })
})

describe('DPoP at refresh (RFC 9449)', () => {
  test('T10, T11: one retry for a nonce, with a new jti and a new client assertion', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const key = (await exportJWK(privateKey)) as JsonWebKey
    const options: Options = { oidc: { auth: { method: 'private_key_jwt', key } } }
    const { refresh } = await signedIn(options, await generateDpopKey())
    peer.state.dpopNonce = 'asked'
    const before = peer.requests.length
    const outcome = await refresh()
    assert.ok(outcome.kind === 'refreshed')
    assert.equal(outcome.accessToken?.type, 'dpop')
    const sent = peer.requests.slice(before).filter(({ name }) => name === 'token')
    assert.equal(sent.length, 2)
    const ids = sent.flatMap(({ headers, params }) => [
      decodeJwt(headers.dpop ?? '').jti,
      decodeJwt(params.get('client_assertion') ?? '').jti,
    ])
    assert.equal(new Set(ids).size, 4)
  })

  test('T10: a nonce that comes on a 200 is used for the next request', async () => {
    const { refresh, grant } = await signedIn({}, await generateDpopKey())
    peer.once('token', async (_, usual) => ({
      ...(await usual()),
      headers: { 'dpop-nonce': 'next' },
    }))
    const first = await refresh()
    assert.ok(first.kind === 'refreshed')
    await grant({
      refreshToken: first.tokens.refreshToken ?? '',
      expected: { sub: 'alice', issuer: peer.issuer },
      dpopKey: await generateDpopKey(),
    })
    const proof = peer.requests.filter(({ name }) => name === 'token').at(-1)?.headers.dpop ?? ''
    assert.equal(decodeJwt(proof).nonce, 'next')
    assert.equal(decodeJwt(proof).htu, `${peer.issuer}/token`)
  })

  test('T10: a second challenge in a row is no reason to end the session, and no third try', async () => {
    const { refresh } = await signedIn({}, await generateDpopKey())
    let count = 0
    peer.override('token', () => {
      count += 1
      return {
        status: 400,
        body: { error: 'use_dpop_nonce' },
        headers: { 'dpop-nonce': `nonce-${count}` },
      }
    })
    assert.equal((await refresh()).kind, 'unavailable')
    assert.equal(count, 2)
  })

  test('T10: is never downgraded to Bearer', async () => {
    const { refresh } = await signedIn({}, await generateDpopKey())
    answerWith((body) => ({ ...body, token_type: 'Bearer' }))
    const outcome = await refresh()
    assert.ok(outcome.kind === 'refreshed')
    assert.equal(outcome.accessToken, undefined)
  })
})
