import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { answerWithIdToken, providerUnderTest } from './support/provider-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
after(() => peer.close())
afterEach(() => {
  peer.override('jwks')
  peer.override('token')
})

type Change = (good: JWK[]) => unknown[]

/** What the provider answers in place of its own keys. */
function answerKeys(change: Change): void {
  peer.override('jwks', async (_, usual) => {
    const { keys } = (await usual()).body as { keys: JWK[] }
    return { body: { keys: change(keys) } }
  })
}

const told = ({ log }: ReturnType<typeof providerUnderTest>) =>
  log.events.filter(({ event }) => event === 'misconfiguration')

const rsa = async (modulusLength: number) =>
  exportJWK((await generateKeyPair('RS256', { modulusLength, extractable: true })).publicKey)
const strong = await rsa(2048)

describe('a key set with odd members (RFC 7517)', () => {
  const nothings = [null, '', 0, [], {}, true]
  const parameters = ['alg', 'use', 'key_ops', 'ext', 'x5c', 'x5t', 'x5u', 'something_else']
  for (const name of parameters) {
    test(`L6: ${name} of no use costs no sign-in`, async () => {
      for (const value of nothings) {
        answerKeys((good) => good.map((key) => ({ ...key, [name]: value })))
        const here = providerUnderTest(peer)
        const result = await here.signIn()
        assert.equal(result.kind, 'signed-in', `${name}: ${JSON.stringify(value)}`)
        assert.deepEqual(told(here), [])
      }
    })
  }

  test('L6: use in capitals is what it is', async () => {
    answerKeys((good) => good.map((key) => ({ ...key, use: 'SIG' })))
    assert.equal((await providerUnderTest(peer).signIn()).kind, 'signed-in')
    answerKeys((good) => good.map((key) => ({ ...key, use: 'ENC' })))
    assert.equal((await providerUnderTest(peer).signIn()).kind, 'failed')
  })

  test('L6: keys for something else stay so', async () => {
    for (const change of [{ use: 'enc' }, { alg: 'RS512' }, { key_ops: ['encrypt'] }]) {
      answerKeys((good) => good.map((key) => ({ ...key, ...change })))
      assert.equal((await providerUnderTest(peer).signIn()).kind, 'failed')
    }
  })

  const broken: [what: string, member: (kid: string | undefined) => unknown][] = [
    ['null', () => null],
    ['a number', () => 7],
    ['a text', () => 'key'],
    ['a list', () => []],
    ['an empty object', () => ({})],
    ['a key without its numbers', (kid) => ({ kty: 'RSA', kid })],
    ['a key with half its numbers', (kid) => ({ kty: 'RSA', kid, n: strong.n })],
    ['a key that is no base64url', (kid) => ({ kty: 'RSA', kid, n: '!', e: 'AQAB' })],
    ['a key that is too short', (kid) => ({ kty: 'RSA', kid, n: 'AQAB', e: 'AQAB' })],
    ['a point on no curve', (kid) => ({ kty: 'EC', crv: 'P-256', x: 'AQ', y: 'AQ', kid })],
    ['a private key', (kid) => ({ ...strong, kid, d: 'AQAB' })],
  ]
  for (const [what, member] of broken) {
    test(`L6: ${what} among the keys costs itself, and is told once`, async () => {
      let time = Date.now()
      for (const withKid of [true, false]) {
        answerKeys((good) => [member(withKid ? good[0]?.kid : 'other'), ...good])
        const here = providerUnderTest(peer, { now: () => time })
        for (let round = 0; round < 3; round++) {
          const result = await here.signIn()
          assert.equal(result.kind, 'signed-in', JSON.stringify(result))
          time += 11 * 60_000
        }
        assert.equal(told(here).length, 1)
        assert.match(JSON.stringify(told(here)), /keys\[0\]: /)
      }
    })
  }

  test('L6: a good key that signs nothing, under the same kid, is no harm', async () => {
    answerKeys((good) => [{ ...strong, kid: good[0]?.kid }, ...good])
    const here = providerUnderTest(peer)
    assert.equal((await here.signIn()).kind, 'signed-in')
    assert.deepEqual(told(here), [])
  })

  test('L6: a key set of nothing else lets nobody in', async () => {
    answerKeys(() => broken.map(([, member]) => member('key-0-rs256')))
    const result = await providerUnderTest(peer).signIn()
    assert.ok(result.kind === 'failed')
    assert.equal(result.code, 'bad_provider_answer')
  })
})

test('L6: a signed UserInfo answer is verified with the good keys of such a set', async (t) => {
  peer.state.metadata = { userinfo_signing_alg_values_supported: ['RS256'] }
  t.after(() => {
    peer.state.metadata = {}
  })
  answerKeys((good) => [null, { kty: 'RSA', kid: 'x', n: 7 }, ...good])
  for (const key of ['current', 'foreign'] as const) {
    peer.once('userinfo', async () => ({
      headers: { 'content-type': 'application/jwt' },
      body: await peer.signIdToken({ nickname: 'Al' }, { key, kid: 'key-0-rs256' }),
    }))
    const result = await providerUnderTest(peer, { oidc: { userinfo: true } }).signIn()
    if (key === 'foreign') assert.equal(result.kind, 'failed')
    else
      assert.ok(
        result.kind === 'signed-in' && result.offered.claims.nickname === 'Al',
        JSON.stringify(result),
      )
  }
})

describe('an ID token with claims that say nothing', () => {
  for (const value of [null, '']) {
    for (const claim of ['azp', 'nbf', 'acr', 'auth_time', 'sid', 'amr', 'at_hash']) {
      test(`L24: ${claim} of ${JSON.stringify(value)} is left out`, async () => {
        answerWithIdToken(peer, { [claim]: value })
        assert.equal((await providerUnderTest(peer).signIn()).kind, 'signed-in')
        const idToken = await peer.signIdToken({ [claim]: value })
        await providerUnderTest(peer).provider.verifyRefreshedIdToken(idToken)
      })
    }

    test(`L24: azp of ${JSON.stringify(value)} names nobody among several audiences`, async () => {
      answerWithIdToken(peer, { azp: value, aud: [peer.clientId, 'another'] })
      assert.equal((await providerUnderTest(peer).signIn()).kind, 'failed')
    })

    test(`L24: what is required and ${JSON.stringify(value)} is missing`, async () => {
      for (const claim of ['exp', 'iat', 'sub', 'iss', 'aud', 'nonce']) {
        answerWithIdToken(peer, { [claim]: value })
        assert.equal((await providerUnderTest(peer).signIn()).kind, 'failed', claim)
      }
    })
  }

  test('L24: an nbf that lies ahead, and one that is no time, are refused', async () => {
    for (const nbf of [Math.floor(Date.now() / 1000) + 3600, 'soon', {}]) {
      answerWithIdToken(peer, { nbf })
      assert.equal((await providerUnderTest(peer).signIn()).kind, 'failed')
    }
  })
})
