import type { CryptoKey, JWK } from 'jose'
import { importJWK } from 'jose/key/import'
import * as client from 'openid-client'
import { type AssertionFile, readAssertion } from '../config/assertion-file.ts'
import type { ClientAuth } from '../config/client-auth.ts'
import { sha256 } from '../http/sha256.ts'
import { ProviderError } from './provider-error.ts'

/** One way to prove to the token, PAR and revocation endpoints who we are. */
export interface ClientProof {
  readonly method: Exclude<ClientAuth['method'], 'client_secret'>
  /** Runs once a request, so every try has its own assertion. */
  readonly prove: client.ClientAuth
}

/** How a client proves itself: by `first`, and perhaps by `second` where a provider refuses that (T27). */
export interface ClientProofs {
  readonly first: ClientProof
  readonly second?: ClientProof
  /** Tells clients and their secrets apart, and holds neither. */
  readonly name: string
}

/**
 * A secret goes by HTTP Basic first, as RFC 6749 section 2.3.1 wants it, unless the settings pin another
 * way; nothing else is ever sent another way.
 * @param assertionAudience `aud` of client assertions (RFC 7523): `issuer`, `endpoint` or a URL
 */
export function createClientProofs(auth: ClientAuth, assertionAudience: string): ClientProofs {
  const { method } = auth
  switch (method) {
    case 'client_secret':
      return {
        first: { method: 'client_secret_basic', prove: basic(auth.secret) },
        second: { method: 'client_secret_post', prove: client.ClientSecretPost(auth.secret) },
        name: sha256(auth.secret),
      }
    case 'client_secret_basic':
      return { first: { method, prove: basic(auth.secret) }, name: '' }
    case 'client_secret_post':
      return { first: { method, prove: client.ClientSecretPost(auth.secret) }, name: '' }
    case 'private_key_jwt':
      return { first: { method, prove: privateKeyJwt(auth.key, assertionAudience) }, name: '' }
    case 'tls_client_auth':
      return { first: { method, prove: client.TlsClientAuth() }, name: '' }
    case 'client_assertion':
      return { first: { method, prove: assertionIn(auth.file) }, name: '' }
    case 'none':
      return { first: { method, prove: client.None() }, name: '' }
  }
}

/**
 * RFC 6749 section 2.3.1 wants both parts form-encoded. openid-client also escapes `-`, `_` and `.`,
 * which the encoding leaves alone: a provider that does not decode would then not know a UUID.
 */
function basic(secret: string): client.ClientAuth {
  return (_server, { client_id }, _body, headers) => {
    const credentials = `${formEncode(client_id)}:${formEncode(secret)}`
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`)
  }
}

function formEncode(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice(2)
}

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** RFC 7523 section 2.2. Nothing is sent when the file cannot be read: the failure is ours. */
function assertionIn(file: AssertionFile): client.ClientAuth {
  return (_server, { client_id }, body) => {
    const assertion = readAssertion(file)
    if (!assertion.ok) {
      const cause = new Error(`${file.setting} ${assertion.problem}`)
      throw new ProviderError('provider_misconfigured', { cause, fix: assertion.fix })
    }
    body.set('client_id', client_id)
    body.set('client_assertion_type', jwtBearer)
    body.set('client_assertion', assertion.value)
  }
}

function privateKeyJwt(
  jwk: JsonWebKey & { kid?: string; alg?: string },
  audience: string,
): client.ClientAuth {
  const alg = keyAlgorithm(jwk)
  let imported: Promise<CryptoKey> | undefined
  return async (server, ...request) => {
    imported ??= importJWK(jwk as JWK, alg) as Promise<CryptoKey>
    const key = await imported
    const assertion = client.PrivateKeyJwt(jwk.kid === undefined ? key : { key, kid: jwk.kid }, {
      [client.modifyAssertion](header, payload) {
        // openid-client names Ed25519 keys as RFC 9864 does; most providers still know EdDSA only.
        header.alg = alg
        if (audience !== 'issuer') {
          payload.aud = audience === 'endpoint' ? server.token_endpoint : audience
        }
      },
    })
    await assertion(server, ...request)
  }
}

/** The one that it names, else the usual one of its kind. */
export function keyAlgorithm({ alg, kty, crv }: JsonWebKey & { alg?: string }): string {
  if (alg !== undefined) return alg
  if (kty === 'RSA') return 'RS256'
  if (kty === 'OKP') return 'EdDSA'
  return { 'P-384': 'ES384', 'P-521': 'ES512' }[crv ?? ''] ?? 'ES256'
}
