import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { createRefreshGrant } from '#lib/tokens/refresh-grant.ts'
import { answerWithIdToken, providerUnderTest } from './support/provider-under-test.ts'
import type { SignOptions } from './support/scripted-keys.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

/** The conditions of the OpenID Foundation's relying party tests, under the names of that suite. */

const peer = await startScriptedProvider()
after(() => peer.close())
afterEach(() => {
  peer.state.metadata = {}
  for (const name of ['token', 'jwks', 'userinfo'] as const) peer.override(name)
})

async function kindOfSignIn(options: Parameters<typeof providerUnderTest>[1] = {}) {
  return (await providerUnderTest(peer, options).signIn()).kind
}

describe('oidcc-client-basic-certification-test-plan', () => {
  test('oidcc-client-test, -client-secret-basic, -idtoken-sig-rs256', async () => {
    assert.equal(await kindOfSignIn(), 'signed-in')
    const request = peer.requests.filter(({ name }) => name === 'token').at(-1)
    assert.match(request?.headers.authorization ?? '', /^Basic /)
  })

  const refusals: [string, Record<string, unknown>, SignOptions?][] = [
    ['nonce-invalid', { nonce: 'another' }],
    ['invalid-iss', { iss: 'https://another.example' }],
    ['missing-sub', { sub: undefined }],
    ['invalid-aud', { aud: 'another' }],
    ['missing-aud', { aud: undefined }],
    ['missing-iat', { iat: undefined }],
    ['invalid-sig-rs256', {}, { key: 'foreign', kid: 'key-0-rs256' }],
    ['idtoken-sig-none', {}, { alg: 'none' }],
  ]
  for (const [name, claims, sign] of refusals) {
    test(`oidcc-client-test-${name}`, async () => {
      answerWithIdToken(peer, claims, sign)
      assert.equal(await kindOfSignIn(), 'failed')
    })
  }

  test('oidcc-client-test-kid-absent-single-jwks', async () => {
    answerWithIdToken(peer, {}, { kid: null })
    assert.equal(await kindOfSignIn(), 'signed-in')
  })

  test('oidcc-client-test-kid-absent-multiple-jwks', async () => {
    const other = await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey)
    peer.override('jwks', async (_, usual) => {
      const { keys } = (await usual()).body as { keys: JWK[] }
      return { body: { keys: [other, ...keys] } }
    })
    answerWithIdToken(peer, {}, { kid: null })
    assert.equal(await kindOfSignIn(), 'signed-in')
  })

  test('oidcc-client-test-scope-userinfo-claims, -userinfo-bearer-header', async () => {
    assert.equal(await kindOfSignIn({ oidc: { userinfo: true } }), 'signed-in')
    const request = peer.requests.filter(({ name }) => name === 'userinfo').at(-1)
    assert.match(request?.headers.authorization ?? '', /^Bearer /)
  })

  test('oidcc-client-test-userinfo-invalid-sub', async () => {
    peer.once('userinfo', () => ({ body: { sub: 'another' } }))
    assert.equal(await kindOfSignIn({ oidc: { userinfo: true } }), 'failed')
  })
})

describe('oidcc-client-config-certification-test-plan', () => {
  test('oidcc-client-test-discovery-issuer-mismatch', async () => {
    peer.state.metadata = { issuer: 'https://another.example' }
    await assert.rejects(providerUnderTest(peer).start())
  })

  test('oidcc-client-test-signing-key-rotation', async () => {
    const { signIn } = providerUnderTest(peer)
    await signIn()
    await peer.rotateKeys()
    assert.equal((await signIn()).kind, 'signed-in')
  })

  test('oidcc-client-test-signing-key-rotation-just-before-signing', async () => {
    const { signIn } = providerUnderTest(peer)
    await signIn()
    peer.once('token', async (_, usual) => {
      await peer.rotateKeys()
      return usual()
    })
    assert.equal((await signIn()).kind, 'signed-in')
  })
})

describe('oidcc-client-refreshtoken-certification', () => {
  async function refreshed(claims: Record<string, unknown>) {
    const { provider, oidc, signIn } = providerUnderTest(peer)
    const result = await signIn()
    assert.ok(result.kind === 'signed-in')
    answerWithIdToken(peer, claims)
    const grant = createRefreshGrant({ provider, oidc, now: Date.now })
    return grant({
      refreshToken: result.refreshToken ?? '',
      expected: { sub: result.sub, issuer: peer.issuer },
    })
  }

  test('oidcc-client-test-refresh-token', async () => {
    assert.equal((await refreshed({})).kind, 'refreshed')
  })

  for (const [name, claims] of [
    ['invalid-issuer', { iss: 'https://another.example' }],
    ['invalid-sub', { sub: 'another' }],
  ] as const) {
    test(`oidcc-client-test-refresh-token-${name}`, async () => {
      assert.equal((await refreshed(claims)).kind, 'foreign')
    })
  }
})

describe('oidcc-client-backchannel-rp-initiated-logout', () => {
  const { provider } = providerUnderTest(peer)
  const other = { 'http://schemas.openid.net/event/another': {} }
  const cases: [string, 'valid' | 'invalid', Record<string, unknown>, SignOptions?][] = [
    ['rplogout', 'valid', {}],
    ['rplogout-alg-none', 'invalid', {}, { alg: 'none' }],
    ['rplogout-no-event', 'invalid', { events: undefined }],
    ['rplogout-wrong-event', 'invalid', { events: other }],
    ['rplogout-wrong-alg', 'invalid', {}, { alg: 'ES256' }],
    ['rplogout-wrong-aud', 'invalid', { aud: 'another' }],
    ['rplogout-wrong-issuer', 'invalid', { iss: 'https://another.example' }],
  ]
  for (const [name, kind, claims, sign] of cases) {
    test(`oidcc-client-test-rp-backchannel-${name}`, async () => {
      const token = await peer.signLogoutToken(claims, sign)
      assert.equal((await provider.verifyLogoutToken(token)).kind, kind)
    })
  }
})
