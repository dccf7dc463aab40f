import type { RefreshLife, SessionRecord } from './session.ts'

interface Answer {
  readonly refreshToken?: string
  /** Seconds; 0 for ever. */
  readonly refreshLifetime?: number
}

/** Between two renewals for the refresh token's own sake. */
const restMs = 60_000

/**
 * The life of a session's refresh token after an answer of the token endpoint. One that says nothing is taken
 * to have changed nothing, unless it has a new token, or the old one has worked longer than was said.
 */
export function refreshLifeAfter(
  { refreshToken, refreshLifetime }: Answer,
  now: number,
  known?: RefreshLife,
): RefreshLife | undefined {
  if (refreshLifetime !== undefined) {
    const isBounded = refreshLifetime > 0 && (refreshToken !== undefined || known !== undefined)
    return isBounded ? { obtainedAt: now, expiresAt: now + refreshLifetime * 1000 } : undefined
  }
  if (!known || refreshToken !== undefined || known.expiresAt <= now) return undefined
  return { ...known, obtainedAt: now }
}

/**
 * Whether the refresh token has to be used for its own sake: with a session in use in the second half of its
 * life, so that nobody who is active is thrown out; with one that is only looked at when it is over, which
 * extends nothing and shows whether the provider has ended the session.
 */
export function isRenewalDue(
  { refreshLife, refreshToken }: SessionRecord,
  mode: 'use' | 'peek',
  now: number,
): boolean {
  if (!refreshLife || refreshToken === undefined) return false
  const { obtainedAt, expiresAt } = refreshLife
  if (now >= expiresAt) return true
  return mode === 'use' && now >= obtainedAt + Math.max(restMs, (expiresAt - obtainedAt) / 2)
}
