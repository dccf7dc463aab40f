import { createPrivateKey, createPublicKey, type JsonWebKeyInput, sign, verify } from 'node:crypto'
import { given } from '../http/given.ts'
import { accepted, type Parsed, refused } from './parsed.ts'

export type PrivateJwk = JsonWebKey & { readonly kid?: string; readonly alg?: string }

const fix = 'give a private JWK in JSON, of type RSA (2048 bits or more), EC or OKP with Ed25519'
const curveAlgorithms: Record<string, readonly string[]> = {
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  Ed25519: ['EdDSA', 'Ed25519'],
}
const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

/** A key for client assertions (RFC 7523). `alg` is filled in when it is absent. */
export function parsePrivateKey(text: string): Parsed<PrivateJwk> {
  const jwk = parseObject(text)
  if (!jwk) return refused('is not a JWK in JSON', fix)
  if (jwk.kty !== 'RSA' && jwk.kty !== 'EC' && jwk.kty !== 'OKP') {
    return refused('is a key of a type that cannot sign assertions', fix)
  }
  if (jwk.d === undefined) return refused('is a public key, or no key', fix)
  if (jwk.use !== undefined && jwk.use !== 'sig') return refused('is not for signing', fix)
  const algorithms = jwk.kty === 'RSA' ? rsaAlgorithms : curveAlgorithms[String(jwk.crv)]
  if (!algorithms) return refused('is on a curve that cannot sign assertions', fix)
  if (jwk.alg !== undefined && !algorithms.includes(jwk.alg)) {
    return refused('has an alg that does not fit the key', `use ${algorithms.join(' or ')}`)
  }
  const bits = keyBits(jwk)
  if (bits === undefined) return refused('cannot be read as a key', fix)
  if (jwk.kty === 'RSA' && bits < 2048) return refused('is an RSA key under 2048 bits', fix)
  const alg = jwk.alg ?? algorithms[0]
  return accepted({ ...jwk, ...given({ alg }) })
}

function parseObject(text: string): PrivateJwk | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Size of an RSA key, 0 for others; undefined when the parts make no key or do not belong together. */
function keyBits(jwk: PrivateJwk): number | undefined {
  try {
    const { d: _, ...publicParts } = jwk
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput)
    const publicKey = createPublicKey({ key: publicParts, format: 'jwk' } as JsonWebKeyInput)
    const digest = jwk.kty === 'OKP' ? null : 'sha256'
    const sample = Buffer.from('cloakroom')
    if (!verify(digest, sample, publicKey, sign(digest, sample, privateKey))) return undefined
    return privateKey.asymmetricKeyDetails?.modulusLength ?? 0
  } catch {
    return undefined
  }
}
