import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  EmbeddedJWK,
  type JWTPayload,
  jwtVerify,
} from 'jose'

export type ApiToken =
  | { readonly kind: 'valid'; readonly scheme: 'Bearer' | 'DPoP'; readonly claims: JWTPayload }
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid'; readonly reason: string }

export interface TokenCheckOptions {
  issuer: string
  audience: string
}

/** Checks access tokens as an API does that has never met Cloakroom: JWT, keys by discovery, audience. */
export function createTokenCheck({ issuer, audience }: TokenCheckOptions) {
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined

  async function findKeys() {
    if (keys) return keys
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const response = await fetch(address)
    const { jwks_uri } = (await response.json()) as { jwks_uri: string }
    keys = createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 1000 })
    return keys
  }

  return async function checkToken(request: IncomingMessage): Promise<ApiToken> {
    const [, scheme, token] =
      /^(bearer|dpop) (\S+)$/i.exec(request.headers.authorization ?? '') ?? []
    if (!scheme || !token) return { kind: 'missing' }
    try {
      const options = { issuer, audience, typ: 'at+jwt' }
      const { payload } = await jwtVerify(token, await findKeys(), options)
      const bound = (payload.cnf as { jkt?: string } | undefined)?.jkt
      if (bound !== undefined) await checkProof(request, token, bound)
      return { kind: 'valid', scheme: bound === undefined ? 'Bearer' : 'DPoP', claims: payload }
    } catch (error) {
      return { kind: 'invalid', reason: error instanceof Error ? error.message : 'unreadable' }
    }
  }
}

/** RFC 9449 section 4.3, but for replay and nonce. */
async function checkProof(request: IncomingMessage, token: string, jkt: string): Promise<void> {
  const proof = request.headers.dpop
  if (typeof proof !== 'string') throw new Error('the DPoP proof is missing')
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    maxTokenAge: 300,
  })
  const { jwk } = protectedHeader
  if (!jwk || (await calculateJwkThumbprint(jwk)) !== jkt) throw new Error('another key')
  const path = (request.url ?? '').split('?')[0]
  if (payload.htm !== request.method) throw new Error('htm is of another method')
  if (payload.htu !== `http://${request.headers.host}${path}`) throw new Error('htu is elsewhere')
  const ath = createHash('sha256').update(token).digest('base64url')
  if (payload.ath !== ath) throw new Error('ath is of another token')
}
