import type { JWTPayload } from 'jose'
import type { KeySet } from './key-set.ts'
import { type Clocks, refusalOf, refusedTime, shown, TokenRefusal } from './token-refusal.ts'

export interface IdTokenRules {
  /** One of them has to be `iss`. */
  readonly issuers: readonly string[]
  readonly clientId: string
  /** `acceptedAlgorithms` */
  readonly algorithms: readonly string[]
  readonly nonce?: string
  /** Seconds, when the request asked for `max_age`. */
  readonly maxAge?: number
  /** When the request asked for one. `login`: an `auth_time`, where there is one, must be a new one. */
  readonly prompt?: string
  /** Epoch milliseconds at which the sign-in began: what `max_age` counts back from; now by default. */
  readonly startedAt?: number
  /** An `acr` must be one of them. A token without any passes: providers that know no levels exist. */
  readonly requiredAcr?: readonly string[]
}

export type IdTokenClaims = JWTPayload & { readonly sub: string; readonly iss: string }

/**
 * OpenID Connect Core section 3.1.3.7, complete. The signature is always verified, although the token
 * came over TLS. Rejects with TokenRefusal, jose's errors, or ProviderError (no keys to be had).
 */
export async function verifyIdToken(
  idToken: string,
  rules: IdTokenRules,
  deps: {
    keys: KeySet
    wallClock(): number
    clockToleranceSeconds: number
    /** Epoch milliseconds of the provider's `Date`, where it said one just now. */
    providerDate?: number | undefined
  },
): Promise<IdTokenClaims> {
  const { issuers, clientId, algorithms } = rules
  const { clockToleranceSeconds } = deps
  const clocks: Clocks = {
    now: deps.wallClock() / 1000,
    provider: deps.providerDate === undefined ? undefined : deps.providerDate / 1000,
    toleranceSeconds: clockToleranceSeconds,
  }
  const checks = {
    algorithms: [...algorithms],
    issuer: [...issuers],
    audience: clientId,
    requiredClaims: ['exp', 'iat', 'sub'],
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(deps.wallClock()),
  }
  const { payload } = await deps.keys.verify(idToken, checks, 'sign-in').catch((error: unknown) => {
    const expected = {
      ...fixed,
      iss: issuers.map(shown).join(' or ').slice(0, 400),
      aud: shown(clientId),
      alg: algorithms.join(' or '),
    }
    throw refusalOf(error, idToken, expected, clocks)
  })
  judgeIdentity(payload, rules, clocks)
  judgeAnswer(payload, rules, clocks)
  return payload as IdTokenClaims
}

const fixed = { kid: 'that of a key of the provider', signature: 'one that fits' }

const refused = (claim: string, found: unknown, expected: string, kind?: 'foreign' | 'ignored') =>
  new TokenRefusal({ token: 'ID token', claim, found: shown(found), expected }, kind)

function judgeIdentity(payload: JWTPayload, { clientId }: IdTokenRules, clocks: Clocks): void {
  const { sub, iat = 0, aud, azp } = payload
  if (typeof sub !== 'string' || sub === '') throw refused('sub', sub, 'a text')
  if (iat > clocks.now + clocks.toleranceSeconds) throw refusedTime('iat', iat, clocks)
  // Steps 4 and 5: with several audiences, azp says for whom the token was made.
  const severalAudiences = Array.isArray(aud) && aud.length > 1
  // Some providers write null, or nothing, where there is no azp.
  const isLeftOut = azp === undefined || azp === null || azp === ''
  if (isLeftOut ? severalAudiences : azp !== clientId) {
    throw refused('azp', azp, shown(clientId))
  }
}

/** Whether the token is the answer to this very sign-in, and holds what that asked for (L18, L24). */
function judgeAnswer(payload: JWTPayload, rules: IdTokenRules, clocks: Clocks): void {
  const { nonce, acr, auth_time: authTime } = payload
  if (rules.nonce !== undefined && nonce !== rules.nonce) {
    // Its value is good for this sign-in only, but it is nobody else's business.
    throw refused('nonce', nonce === undefined ? undefined : '…', 'that of this sign-in', 'foreign')
  }
  const { maxAge, prompt = '', startedAt = clocks.now * 1000 } = rules
  // A clock of ours that runs ahead must not make a fresh sign-in look old.
  const askedAt = Math.min(clocks.now, startedAt / 1000) - clocks.toleranceSeconds
  const tooOld = (seconds: number) => typeof authTime === 'number' && authTime + seconds < askedAt
  if (maxAge !== undefined && (typeof authTime !== 'number' || tooOld(maxAge))) {
    throw refused('auth_time', authTime, `at most ${maxAge} s old, as max_age asked`, 'ignored')
  }
  // Unlike with max_age, no provider has to say when that was.
  if (prompt.split(' ').includes('login') && tooOld(0)) {
    throw refused('auth_time', authTime, 'a new one, as prompt=login asked', 'ignored')
  }
  const asked = rules.requiredAcr ?? []
  if (!isAcceptedAcr(acr, asked)) {
    throw refused('acr', acr, `one of ${shown(asked)}, as acr_values asked`, 'ignored')
  }
}

function isAcceptedAcr(acr: unknown, required: readonly string[]): boolean {
  if (required.length === 0 || acr === undefined || acr === null || acr === '') return true
  return required.includes(String(acr))
}
