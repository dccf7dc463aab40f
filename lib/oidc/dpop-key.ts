import { createECDH, hkdfSync } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import { importJWK } from 'jose/key/import'
import * as client from 'openid-client'
import type { NonceMemory } from './nonce-memory.ts'

/** A new private DPoP key (ES256) as JWK. The caller stores it encrypted, with the tokens bound to it. */
export async function generateDpopKey(): Promise<JsonWebKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return (await exportJWK(privateKey)) as JsonWebKey
}

/** The order of P-256 (NIST SP 800-186 section 3.2.1.3). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/**
 * The private key (ES256) that follows from a seed of 32 secret bytes, always the same: a sign-in under
 * way keeps no key. Extra bits make every key as likely as another (FIPS 186-5, appendix A.2.1).
 */
export function dpopKeyOf(seed: Uint8Array): JsonWebKey {
  const bits = Buffer.from(hkdfSync('sha256', seed, '', 'cloakroom DPoP key', 48))
  const scalar = (BigInt(`0x${bits.toString('hex')}`) % (order - 1n)) + 1n
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(d)
  const point = pair.getPublicKey()
  return {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: d.toString('base64url'),
  }
}

/** `jkt`: the RFC 7638 thumbprint, as in `dpop_jkt` (RFC 9449 section 10) and in `cnf`. */
export async function dpopThumbprint(key: JsonWebKey): Promise<string> {
  return calculateJwkThumbprint({ ...publicPart(key) })
}

/** The public members of an EC key, in the order of RFC 7638. */
export function publicPart({ crv, kty, x, y }: JsonWebKey): { [member: string]: string } {
  return { crv: String(crv), kty: String(kty), x: String(x), y: String(y) }
}

/**
 * openid-client's proof maker for calls to the provider. It retries one `use_dpop_nonce` challenge by
 * itself, with a new `jti` and a new client assertion; `nonces` carries what was learnt to later calls.
 */
export async function createDpopHandle(
  configuration: client.Configuration,
  key: JsonWebKey,
  nonces: NonceMemory,
): Promise<client.DPoPHandle> {
  const { kty, crv, x, y, d } = key
  const keyPair = {
    privateKey: await importJWK({ kty, crv, x, y, d } as Parameters<typeof importJWK>[0], 'ES256'),
    publicKey: await importJWK({ ...publicPart(key) }, 'ES256', { extractable: true }),
  }
  return client.getDPoPHandle(configuration, keyPair as client.CryptoKeyPair, {
    [client.modifyAssertion](_header, payload) {
      if (payload.nonce !== undefined) return
      const nonce = nonces.get(String(payload.htu), key.x)
      if (nonce !== undefined) payload.nonce = nonce
    },
  })
}
