import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { providerUnderTest } from './support/provider-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
after(() => peer.close())
const { provider } = providerUnderTest(peer)
const seconds = Math.floor(Date.now() / 1000)

type Sign = Parameters<typeof peer.signLogoutToken>[1]

async function verify(claims?: Record<string, unknown>, sign?: Sign) {
  return provider.verifyLogoutToken(await peer.signLogoutToken(claims, sign))
}

describe('logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.6)', () => {
  test('O2: a good one names whom to sign out, and how long to remember its jti', async () => {
    const result = await verify({ jti: 'once', exp: seconds + 120 })
    const expiresAt = (seconds + 120 + 30) * 1000
    const { issuer } = peer
    assert.deepEqual(result, {
      kind: 'valid',
      issuer,
      sub: 'alice',
      sid: peer.state.sid,
      jti: 'once',
      expiresAt,
    })
  })

  test('O2: sub alone and sid alone are enough', async () => {
    const bySub = await verify({ sid: undefined })
    assert.deepEqual(bySub.kind === 'valid' && [bySub.sub, bySub.sid], ['alice', undefined])
    const bySid = await verify({ sub: undefined })
    assert.deepEqual(bySid.kind === 'valid' && [bySid.sub, bySid.sid], [undefined, peer.state.sid])
  })

  test('O5: exp and typ may be missing, and typ may be JWT', async () => {
    assert.equal((await verify({ exp: undefined })).kind, 'valid')
    for (const typ of ['JWT', 'application/logout+jwt', 'LOGOUT+JWT']) {
      assert.equal((await verify({}, { typ })).kind, 'valid')
    }
    const untyped = await peer.signIdToken({
      jti: 'untyped',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    assert.equal((await provider.verifyLogoutToken(untyped)).kind, 'valid')
  })

  const refusals: [string, Record<string, unknown>, Sign?][] = [
    ['of another issuer', { iss: 'https://evil.example' }],
    ['for another client', { aud: 'another' }],
    ['without aud', { aud: undefined }],
    ['without iat', { iat: undefined }],
    ['issued in the future', { iat: seconds + 3600, exp: seconds + 3700 }],
    ['expired', { exp: seconds - 60 }],
    ['without exp and an hour old', { exp: undefined, iat: seconds - 3600 }],
    ['with a nonce', { nonce: 'n' }],
    ['with a null nonce', { nonce: null }],
    ['without sub and sid', { sub: undefined, sid: undefined }],
    ['with a sid that is no text', { sid: 7 }],
    ['with an empty sub', { sub: '' }],
    ['without jti', { jti: undefined }],
    ['without events', { events: undefined }],
    ['with another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
    [
      'with an event that is no object',
      { events: { 'http://schemas.openid.net/event/backchannel-logout': true } },
    ],
    ['with a list of events', { events: ['http://schemas.openid.net/event/backchannel-logout'] }],
    ['unsigned', {}, { alg: 'none' }],
    ['signed with the client secret', {}, { alg: 'HS256', secret: peer.clientSecret }],
    ['signed with another algorithm', {}, { alg: 'ES256' }],
    ['signed with a foreign key', {}, { key: 'foreign' }],
    ['of another type', {}, { typ: 'at+jwt' }],
  ]
  for (const [title, claims, sign] of refusals) {
    test(`O2: one ${title} is refused`, async () => {
      assert.equal((await verify(claims, sign)).kind, 'invalid')
    })
  }

  test('O8: one that is older than ten minutes is refused, whatever exp says', async () => {
    const tolerance = 30
    for (const exp of [undefined, seconds + 3600, seconds + 30 * 86_400]) {
      const old = await verify({ exp, iat: seconds - 600 - tolerance - 5 })
      assert.deepEqual(old, { kind: 'invalid', reason: 'the token is too old' })
      const young = await verify({ exp, iat: seconds - 500 })
      assert.equal(young.kind, 'valid')
      // No longer than it would be accepted.
      const expiresAt = (seconds + 100 + tolerance) * 1000
      assert.equal(young.kind === 'valid' && young.expiresAt, expiresAt)
    }
  })

  test('P13: what is no JWT is refused', async () => {
    for (const token of [
      '',
      'x',
      'a.b.c',
      '..',
      'e30.e30.',
      'é'.repeat(1000),
      `${'a.'.repeat(9)}`,
    ]) {
      assert.equal((await provider.verifyLogoutToken(token)).kind, 'invalid')
    }
  })

  test('without keys to verify with, it is refused', async () => {
    peer.once('jwks', () => ({ fault: 'reset' }))
    const fresh = providerUnderTest(peer).provider
    const token = await peer.signLogoutToken()
    assert.equal((await fresh.verifyLogoutToken(token)).kind, 'invalid')
    assert.equal((await fresh.verifyLogoutToken(token)).kind, 'valid')
  })
})
