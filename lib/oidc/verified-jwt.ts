import type { JWTPayload, JWTVerifyOptions, JWTVerifyResult } from 'jose'
import * as errors from 'jose/errors'
import { compactVerify } from 'jose/jws/compact/verify'
import { UnsecuredJWT } from 'jose/jwt/unsecured'

type Verifier = Parameters<typeof compactVerify>[1]

/**
 * jose's `jwtVerify`, but that an optional time of `null` or `""` is left out: providers write that where they
 * have none. Rejects with jose's errors.
 */
export async function verifiedJwt(
  token: string,
  key: Verifier,
  { algorithms, ...claims }: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  const options = algorithms === undefined ? {} : { algorithms }
  const { payload, protectedHeader } = await compactVerify(token, key, options)
  // Only now that the signature holds: jose judges claims in a JWT of its own only.
  const unsigned = new UnsecuredJWT(said(payload)).encode()
  return { payload: UnsecuredJWT.decode(unsigned, claims).payload, protectedHeader }
}

/** RFC 7519 sections 4.1.4 and 4.1.5. An `exp` that is wanted is missing then. */
function said(payload: Uint8Array): JWTPayload {
  const { exp, nbf, ...rest } = parsed(payload)
  return {
    ...rest,
    ...(isNothing(exp) ? {} : { exp: exp as number }),
    ...(isNothing(nbf) ? {} : { nbf: nbf as number }),
  }
}

function parsed(payload: Uint8Array): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims))
      return { ...claims }
  } catch {}
  throw new errors.JWTInvalid('JWT Claims Set must be a top-level JSON object')
}

const isNothing = (value: unknown) => value === undefined || value === null || value === ''
