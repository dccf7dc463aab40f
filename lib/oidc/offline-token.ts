import { jwtClaims } from './jwt-claims.ts'
import type { TokenAnswer } from './token-answer.ts'

/** Whether the refresh token is one for ever, of a session of its own (Keycloak: `typ`, or a lifetime of 0). */
export function isOfflineToken({ refreshToken, refreshLifetime }: TokenAnswer): boolean {
  if (refreshToken === undefined) return false
  if (refreshLifetime === 0) return true
  return jwtClaims(refreshToken)?.typ === 'Offline'
}
