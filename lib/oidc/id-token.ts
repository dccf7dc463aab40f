import type { JWTPayload } from 'jose'
import type { KeySet } from './key-set.ts'

export interface IdTokenRules {
  issuer: string
  clientId: string
  /** The pinned signature algorithm. */
  alg: string
  nonce?: string
  /** Seconds, when the request asked for `max_age`. */
  maxAge?: number
  /** Epoch milliseconds at which the sign-in began: what `max_age` counts back from; now by default. */
  startedAt?: number
  /** An `acr` must be one of them. A token without any passes: providers that know no levels exist. */
  requiredAcr?: readonly string[]
}

export type IdTokenClaims = JWTPayload & { sub: string; iss: string }

/** The ID token is genuine, but not the answer to this sign-in: another nonce, too old, too weak. */
export class IdTokenMismatch extends Error {
  constructor(claim: string) {
    super(`the ID token does not answer this sign-in: ${claim}`)
    this.name = 'IdTokenMismatch'
  }
}

/**
 * OpenID Connect Core section 3.1.3.7, complete. The signature is always verified, although the token
 * came over TLS. Rejects with IdTokenMismatch, jose's errors, or ProviderError (no keys to be had).
 */
export async function verifyIdToken(
  idToken: string,
  rules: IdTokenRules,
  deps: { keys: KeySet; wallClock(): number; clockToleranceSeconds: number },
): Promise<IdTokenClaims> {
  const { clockToleranceSeconds } = deps
  const { payload } = await deps.keys.verify(
    idToken,
    {
      algorithms: [rules.alg],
      issuer: rules.issuer,
      audience: rules.clientId,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(deps.wallClock()),
    },
    'sign-in',
  )
  const nowSeconds = deps.wallClock() / 1000
  if (typeof payload.sub !== 'string' || payload.sub === '') throw new Error('sub is no string')
  if ((payload.iat ?? 0) > nowSeconds + clockToleranceSeconds) throw new Error('iat lies ahead')
  // Steps 4 and 5: with several audiences, azp says for whom the token was made.
  const severalAudiences = Array.isArray(payload.aud) && payload.aud.length > 1
  if (payload.azp === undefined ? severalAudiences : payload.azp !== rules.clientId) {
    throw new Error('azp is another client')
  }
  if (rules.nonce !== undefined && payload.nonce !== rules.nonce) throw new IdTokenMismatch('nonce')
  if (rules.maxAge !== undefined)
    assertRecent(payload.auth_time, rules.maxAge, rules, nowSeconds, clockToleranceSeconds)
  if (!isAcceptedAcr(payload.acr, rules.requiredAcr ?? [])) throw new IdTokenMismatch('acr')
  return payload as IdTokenClaims
}

function isAcceptedAcr(acr: unknown, required: readonly string[]): boolean {
  if (required.length === 0 || acr === undefined || acr === null || acr === '') return true
  return required.includes(String(acr))
}

function assertRecent(
  authTime: unknown,
  maxAge: number,
  { startedAt }: IdTokenRules,
  nowSeconds: number,
  toleranceSeconds: number,
): void {
  if (typeof authTime !== 'number') throw new IdTokenMismatch('auth_time is missing')
  // A clock of ours that runs ahead must not make a fresh sign-in look old.
  const askedAt = Math.min(nowSeconds, startedAt === undefined ? nowSeconds : startedAt / 1000)
  if (authTime + maxAge < askedAt - toleranceSeconds) throw new IdTokenMismatch('auth_time')
}
