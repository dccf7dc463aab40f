import type { GrantedToken } from '../oidc/granted-token.ts'
import type { AccessToken } from '../session/session.ts'

/** @param now epoch milliseconds, from which `expires_in` counts */
export function accessTokenFrom(
  { expiresInSeconds, ...token }: GrantedToken,
  now: number,
): AccessToken {
  const expiry = expiresInSeconds === undefined ? {} : { expiresAt: now + expiresInSeconds * 1000 }
  return { ...token, obtainedAt: now, ...expiry }
}
