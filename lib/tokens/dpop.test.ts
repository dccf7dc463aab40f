import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { EmbeddedJWK, jwtVerify } from 'jose'
import { dpopThumbprint, generateDpopKey } from '../oidc/dpop-key.ts'
import { createNonceMemory } from '../oidc/nonce-memory.ts'
import { createDpopSigners } from './dpop.ts'

const url = 'https://api.example.com/orders/1?expand=lines#top'
const verify = (proof: string) => jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' })

describe('DPoP proofs (RFC 9449 section 4.2)', () => {
  test('T10: htm, htu without query and fragment, ath, iat, and no private key in the header', async () => {
    const key = await generateDpopKey()
    const sign = createDpopSigners({
      nonces: createNonceMemory(),
      wallClock: () => 1_700_000_000_999,
    })
    const { payload, protectedHeader } = await verify(await sign(key, 'a-token').proof('GET', url))
    const { jti, ...claims } = payload
    assert.ok(jti)
    assert.deepEqual(claims, {
      htm: 'GET',
      htu: 'https://api.example.com/orders/1',
      ath: createHash('sha256').update('a-token').digest('base64url'),
      iat: 1_700_000_000,
    })
    assert.deepEqual(Object.keys(protectedHeader.jwk ?? {}).sort(), ['crv', 'kty', 'x', 'y'])
    assert.equal(await dpopThumbprint(key), await dpopThumbprint(protectedHeader.jwk as JsonWebKey))
  })

  test('T10: every proof has its own jti', async () => {
    const signer = createDpopSigners({ nonces: createNonceMemory() })(await generateDpopKey(), 't')
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await verify(await signer.proof('GET', url))).payload.jti),
    )
    assert.equal(new Set(ids).size, 3)
  })

  test('T10: a signature verifies whatever the length of its numbers', async () => {
    const signer = createDpopSigners({ nonces: createNonceMemory() })(await generateDpopKey(), 't')
    // One in 128 has a number that begins with a zero byte.
    for (let i = 0; i < 600; i += 1) await verify(await signer.proof('GET', url))
  })

  test('T10: a nonce is used for its origin only, and by others until they have their own', async () => {
    const sign = createDpopSigners({ nonces: createNonceMemory() })
    const [alice, bob] = [sign(await generateDpopKey(), 'a'), sign(await generateDpopKey(), 'b')]
    const nonceOf = async (proof: Promise<string>) => (await verify(await proof)).payload.nonce
    alice.rememberNonce(url, 'for-alice')
    assert.equal(await nonceOf(alice.proof('GET', 'https://api.example.com/other')), 'for-alice')
    assert.equal(await nonceOf(bob.proof('GET', url)), 'for-alice')
    assert.equal(await nonceOf(alice.proof('GET', 'https://other.example.com/')), undefined)
    bob.rememberNonce(url, 'for-bob')
    assert.equal(await nonceOf(bob.proof('GET', url)), 'for-bob')
    assert.equal(await nonceOf(alice.proof('GET', url)), 'for-alice')
  })

  test('the memory of nonces is bounded', () => {
    const nonces = createNonceMemory(300)
    for (const host of ['a', 'b', 'c']) nonces.set(`https://${host}.example/x`, host)
    assert.equal(nonces.get('https://a.example/'), undefined)
    assert.equal(nonces.get('https://c.example/?q'), 'c')
  })

  test('S15: the memory of nonces is bounded in bytes, however long an API makes them', () => {
    const nonces = createNonceMemory()
    const urls = Array.from({ length: 1000 }, (_, i) => `https://${i}.example`)
    for (const url of urls) nonces.set(url, 'n'.repeat(16_000), 'key')
    const kept = urls.flatMap((url) => [nonces.get(url), nonces.get(url, 'key')].filter(Boolean))
    assert.ok(kept.length > 100, `remembers ${kept.length}`)
    assert.ok(kept.join('').length <= 4 * 1024 * 1024, `remembers ${kept.length}`)
  })
})
