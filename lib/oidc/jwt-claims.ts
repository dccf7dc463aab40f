import { decodeJwt } from 'jose/jwt/decode'

/** What a token says that may be a JWT, unverified; undefined when it is none. */
export function jwtClaims(
  token: string | undefined,
): Readonly<Record<string, unknown>> | undefined {
  // Most that are none show it by their shape, and an error costs more than all the rest.
  if (token === undefined || token.split('.', 4).length !== 3) return undefined
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}
