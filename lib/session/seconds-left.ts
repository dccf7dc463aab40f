import type { Session } from './session.ts'

/**
 * Whole seconds until a session ends if it is not used again: by our own lifetimes, and no later than the
 * provider's, where that has said how long the refresh token lives.
 */
export function secondsLeft({ record, expiresAt }: Session, now: number): number {
  const { absoluteAt, refreshLife } = record
  const end = Math.min(expiresAt, absoluteAt, refreshLife?.expiresAt ?? Number.POSITIVE_INFINITY)
  return Math.max(0, Math.floor((end - now) / 1000))
}
