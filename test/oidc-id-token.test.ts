import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { SignInResult } from '#lib/oidc/redeem-code.ts'
import { answerWithIdToken, providerUnderTest } from './support/provider-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
after(() => peer.close())

const withIdToken = (
  claims: Record<string, unknown>,
  sign?: Parameters<typeof peer.signIdToken>[1],
) => answerWithIdToken(peer, claims, sign)

function codeOf(result: SignInResult) {
  return result.kind === 'failed' ? result.code : result.kind
}
describe('the ID token (OpenID Connect Core section 3.1.3.7)', () => {
  const past = Math.floor(Date.now() / 1000) - 3600
  const refusals: [string, Record<string, unknown>, Parameters<typeof peer.signIdToken>[1]?][] = [
    ['L5: of another issuer', { iss: 'https://evil.example' }],
    ['L5: without iss', { iss: undefined }],
    ['L5: for another client', { aud: 'another' }],
    ['L5: without aud', { aud: undefined }],
    ['L5: for several audiences and no azp', { aud: [peer.clientId, 'another'] }],
    ['L5: for several audiences and another azp', { aud: [peer.clientId, 'x'], azp: 'x' }],
    ['L5: with an azp that is another client', { azp: 'another' }],
    ['L5: expired', { exp: past }],
    ['L5: without exp', { exp: undefined }],
    ['L5: without iat', { iat: undefined }],
    ['L5: issued in the future', { iat: past + 7200, exp: past + 9000 }],
    ['L5: without sub', { sub: undefined }],
    ['L5: with an empty sub', { sub: '' }],
    ['L5: unsigned', {}, { alg: 'none' }],
    ['L5: signed with the client secret', {}, { alg: 'HS256', secret: peer.clientSecret }],
    ['L5: signed with a good key but another algorithm', {}, { alg: 'ES256' }],
    ['L5: signed with a key that is not the provider’s', {}, { key: 'foreign' }],
    ['L5: signed with a foreign key under a known kid', {}, { key: 'foreign', kid: 'key-0-rs256' }],
    ['L5: signed with a foreign key and no kid', {}, { key: 'foreign', kid: null }],
  ]
  for (const [title, claims, sign] of refusals) {
    test(`${title} is refused`, async () => {
      withIdToken(claims, sign)
      assert.equal(codeOf(await providerUnderTest(peer).signIn()), 'bad_provider_answer')
    })

    // At a sign-in openid-client has looked too; a refreshed ID token is judged by us alone.
    test(`${title} is refused by our own check as well`, async () => {
      const idToken = await peer.signIdToken(claims, sign)
      await assert.rejects(providerUnderTest(peer).provider.verifyRefreshedIdToken(idToken))
    })
  }

  test('L5: with another nonce, or none, is refused', async () => {
    for (const nonce of ['another', undefined]) {
      withIdToken({ nonce })
      const code = codeOf(await providerUnderTest(peer).signIn())
      assert.ok(code === 'sign_in_failed' || code === 'bad_provider_answer', code)
    }
  })

  test('is required', async () => {
    peer.once('token', async (_, usual) => {
      const answer = await usual()
      return { ...answer, body: { ...(answer.body as object), id_token: undefined } }
    })
    assert.equal(codeOf(await providerUnderTest(peer).signIn()), 'bad_provider_answer')
  })

  test('L5: is accepted for several audiences when azp names us, and without a kid', async () => {
    withIdToken({ aud: [peer.clientId, 'another'], azp: peer.clientId }, { kid: null })
    assert.equal(codeOf(await providerUnderTest(peer).signIn()), 'signed-in')
  })

  test('L5: auth_time must be there and recent when max_age was asked for', async () => {
    const { signIn, start } = providerUnderTest(peer)
    assert.equal((await start({ maxAge: 0 })).url.searchParams.get('max_age'), '0')
    for (const auth_time of [undefined, past]) {
      withIdToken({ auth_time })
      const code = codeOf(await signIn({ expected: { maxAge: 60 } }))
      assert.equal(code, 'sign_in_request_ignored')
    }
    assert.equal(codeOf(await signIn({ expected: { maxAge: 60 } })), 'signed-in')
    withIdToken({ auth_time: past })
    const startedAt = (past + 10) * 1000
    assert.equal(codeOf(await signIn({ expected: { maxAge: 0, startedAt } })), 'signed-in')
  })

  const asked = 'gold silver idp:local tenant:7'
  const levels: [asked: string | undefined, acr: unknown, code: string][] = [
    [asked, 'gold', 'signed-in'],
    [asked, 'silver', 'signed-in'],
    [asked, undefined, 'signed-in'],
    [asked, null, 'signed-in'],
    [asked, '', 'signed-in'],
    [asked, 'bronze', 'sign_in_request_ignored'],
    [asked, 'idp:local', 'sign_in_request_ignored'],
    [asked, 'gold silver', 'sign_in_request_ignored'],
    [asked, 'Gold', 'sign_in_request_ignored'],
    [asked, 0, 'sign_in_request_ignored'],
    [asked, ['gold', 'bronze'], 'sign_in_request_ignored'],
    ['2', 2, 'signed-in'],
    ['idp:local', 'bronze', 'signed-in'],
    ['tenant:7  idp:x', 'bronze', 'signed-in'],
    [undefined, 'bronze', 'signed-in'],
  ]
  for (const [acrValues, acr, code] of levels) {
    test(`L18: an acr of ${JSON.stringify(acr)} where ${acrValues} was asked: ${code}`, async () => {
      const { signIn } = providerUnderTest(peer)
      withIdToken({ acr })
      const expected = acrValues === undefined ? {} : { acrValues }
      assert.equal(codeOf(await signIn({ expected })), code)
    })
  }
})

describe('a clock that is off', () => {
  const off: [string, number, number][] = [
    ['ours behind by 90 s', -90_000, 90],
    // ID tokens of the scripted provider are good for five minutes.
    ['ours ahead by 390 s', 390_000, 90],
  ]
  for (const [title, ms, seconds] of off) {
    test(`L24: ${title}: oidc.clockTolerance decides, and 30 s are the default`, async () => {
      const wallClock = () => Date.now() + ms
      const at = (clockToleranceSeconds: number) =>
        providerUnderTest(peer, { wallClock, oidc: { clockToleranceSeconds } })
      assert.equal(codeOf(await at(30).signIn()), 'bad_provider_answer')
      assert.equal(codeOf(await at(seconds - 2).signIn()), 'bad_provider_answer')
      assert.equal(codeOf(await at(seconds + 2).signIn()), 'signed-in')
      const token = await peer.signLogoutToken({ exp: Math.floor(Date.now() / 1000) + 300 })
      assert.equal((await at(seconds - 2).provider.verifyLogoutToken(token)).kind, 'invalid')
      assert.equal((await at(seconds + 2).provider.verifyLogoutToken(token)).kind, 'valid')
    })
  }
})
