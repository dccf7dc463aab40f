import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import { sha256 } from '../http/sha256.ts'
import { publicPart } from '../oidc/dpop-key.ts'
import type { NonceMemory } from '../oidc/nonce-memory.ts'
import type { DpopSigner } from './token-result.ts'

export interface DpopSignersDeps {
  /** Of the servers that the proofs are sent to. */
  readonly nonces: NonceMemory
  /** Epoch milliseconds, for `iat`: compared with the server's clock. @default Date.now */
  wallClock?(): number
}

/** `token` is what `ath` binds the proof to; a proof for an endpoint of the provider has none. */
export type CreateDpopSigner = (key: JsonWebKey, token?: string) => DpopSigner

interface Prepared {
  readonly key: KeyObject
  /** The encoded JOSE header: the same for every proof of a key. */
  readonly header: string
}

/**
 * Proof makers for requests that carry a bound token (RFC 9449 section 4.2). A proof is made for each
 * request, so its cost counts: signing synchronously takes a third of the time that WebCrypto takes,
 * and keys are imported once per JWK object.
 */
export function createDpopSigners({
  nonces,
  wallClock = Date.now,
}: DpopSignersDeps): CreateDpopSigner {
  const prepared = new WeakMap<JsonWebKey, Prepared>()
  return (jwk, token) => {
    const { key, header } = prepared.get(jwk) ?? prepare(jwk, prepared)
    const ath = token === undefined ? undefined : sha256(token)
    return {
      async proof(htm, url) {
        const payload = {
          jti: randomUUID(),
          htm,
          htu: withoutQuery(url),
          iat: Math.floor(wallClock() / 1000),
          ath,
          nonce: nonces.get(url, jwk.x),
        }
        const input = `${header}.${encode(payload)}`
        // Asked for the raw form, Node takes twice the time.
        const signature = rawSignature(sign('sha256', Buffer.from(input), key))
        return `${input}.${signature.toString('base64url')}`
      },
      rememberNonce: (url, nonce) => nonces.set(url, nonce, jwk.x),
    }
  }
}

function prepare(jwk: JsonWebKey, cache: WeakMap<JsonWebKey, Prepared>): Prepared {
  const made = {
    key: createPrivateKey({ key: { ...jwk }, format: 'jwk' }),
    header: encode({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicPart(jwk) }),
  }
  cache.set(jwk, made)
  return made
}

/** An ES256 signature in DER, as JWS wants it: r and s of 32 bytes each (RFC 7518 section 3.4). */
function rawSignature(der: Buffer): Buffer {
  const raw = Buffer.alloc(64)
  // A sequence of two integers, of which none is longer than 33 bytes: every length is one byte.
  let from = 2
  for (const end of [32, 64]) {
    const size = der[from + 1] ?? 0
    const next = from + 2 + size
    // Without the zero in front that keeps a large number positive; a small number is shorter.
    const number = der.subarray(Math.max(from + 2, next - 32), next)
    number.copy(raw, end - number.length)
    from = next
  }
  return raw
}

/** `htu` is the target without query and fragment. */
function withoutQuery(url: string): string {
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
