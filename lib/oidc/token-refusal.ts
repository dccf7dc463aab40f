import { decodeProtectedHeader } from 'jose/decode/protected_header'
import * as errors from 'jose/errors'

/** What a refusal is about, as the log tells it. Names and times, no credential. */
export interface RefusedClaim {
  readonly token: 'ID token' | 'UserInfo'
  readonly claim: string
  readonly found: string
  readonly expected: string
  /** Whose clock looks wrong, where it is about a time. */
  readonly clock?: string
}

/**
 * - `bad`: nobody may believe such a token.
 * - `foreign`: a good one, of another sign-in.
 * - `ignored`: a good one of this sign-in, which does not hold what was asked for.
 */
type RefusalKind = 'bad' | 'foreign' | 'ignored'

/** A token that is not accepted: which claim, what was found, and what was expected (A8). */
export class TokenRefusal extends Error {
  readonly about: RefusedClaim
  readonly kind: RefusalKind

  constructor(about: RefusedClaim, kind: RefusalKind = 'bad') {
    const { token, claim, found, expected } = about
    super(`${token}: ${claim} is ${found}, expected ${expected}`)
    this.name = 'TokenRefusal'
    this.about = about
    this.kind = kind
  }
}

/** A value of somebody else's token in a line of ours. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  return (JSON.stringify(value) ?? typeof value).slice(0, 200)
}

/** jose's error in our words; any other error as it is. `expected`: what a claim should have been. */
export function refusalOf(
  error: unknown,
  idToken: string,
  expected: Readonly<Record<string, string>>,
  clocks: Clocks,
): unknown {
  const refusal = (claim: string, found: string) =>
    new TokenRefusal({ token: 'ID token', claim, found, expected: expected[claim] ?? 'there' })
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
    const { claim, reason, payload } = error
    const value = payload[claim]
    const isTime = claim === 'exp' || claim === 'nbf'
    return isTime && reason === 'check_failed' && typeof value === 'number'
      ? refusedTime(claim, value, clocks)
      : refusal(claim, shown(value))
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return refusal('alg', header(idToken, 'alg'))
  if (error instanceof errors.JWKSNoMatchingKey) return refusal('kid', header(idToken, 'kid'))
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refusal('signature', `that of another key than ${header(idToken, 'kid')}`)
  }
  return error
}

function header(idToken: string, name: 'alg' | 'kid'): string {
  try {
    return shown(decodeProtectedHeader(idToken)[name])
  } catch {
    return 'unreadable'
  }
}

export interface Clocks {
  /** Seconds since the epoch, here. */
  readonly now: number
  /** The same as the provider's `Date` said, just now. */
  readonly provider?: number | undefined
  readonly toleranceSeconds: number
}

/** A time that lies too far back or ahead: by how much, and whose clock that speaks against (L24). */
export function refusedTime(claim: string, time: number, clocks: Clocks): TokenRefusal {
  const off = Math.round(time - clocks.now)
  const found = off > 0 ? `${off} s ahead` : `${-off} s ago`
  const bound = `${clocks.toleranceSeconds} s at most`
  return new TokenRefusal({
    token: 'ID token',
    claim,
    found,
    expected: bound,
    clock: suspect(clocks),
  })
}

function suspect({ now, provider, toleranceSeconds }: Clocks): string {
  if (provider === undefined) return 'one of the two is wrong: set this machine by NTP first'
  const off = Math.round(provider - now)
  if (Math.abs(off) * 2 <= toleranceSeconds) {
    return 'that which signs the provider’s tokens looks wrong: its servers agree with this machine'
  }
  return `this machine’s looks ${Math.abs(off)} s ${off > 0 ? 'slow' : 'fast'}: set it by NTP`
}
