import { decodeJwt } from 'jose'

/** What a token says that may be a JWT, unverified; undefined when it is none. */
export function jwtClaims(
  token: string | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (token === undefined) return undefined
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}
