import { sha256 } from '../http/sha256.ts'
import type { AccessToken } from '../session/session.ts'
import { createBoundedMap } from '../store/bounded-map.ts'

/** What an API's 401 means for the token that was sent. */
export interface RefusedTokens {
  /**
   * Whether `token` is to be replaced since an API has refused `rejected`. Not when it is another one,
   * and not within half a minute after it was obtained or its replacement was tried in vain: an API that
   * says 401 to everything must not cost the provider a request for each call (T14).
   */
  isSpent(token: AccessToken, rejected: string | undefined): boolean
  /** A replacement for `rejected` was not to be had. */
  noteFailure(rejected: string | undefined): void
}

const restMs = 30_000

/**
 * Whether a token that is still good here may be over for an API: its `exp` counts from before the answer that brought
 * it, and in whole seconds. Never before four fifths of its life.
 */
function isOverThere({ obtainedAt, expiresAt }: AccessToken, now: number): boolean {
  if (expiresAt === undefined) return false
  const left = expiresAt - now
  return left < 2000 && left < (expiresAt - obtainedAt) / 5
}

/** In each process; but when a token was obtained stands with the token, wherever it is kept. */
export function createRefusedTokens(now: () => number): RefusedTokens {
  // By hashes, so that every entry is of one size.
  const failedAt = createBoundedMap<number>({ maxWeight: 10_000, weigh: () => 1 })
  // Both ways: a clock that was set back must not make a token last.
  const isRecent = (at: number | undefined) => at !== undefined && Math.abs(now() - at) < restMs

  return {
    isSpent(token, rejected) {
      if (rejected === undefined || token.token !== rejected) return false
      const isNew = isRecent(token.obtainedAt) && !isOverThere(token, now())
      return !isNew && !isRecent(failedAt.get(sha256(rejected)))
    },
    noteFailure(rejected) {
      if (rejected !== undefined) failedAt.set(sha256(rejected), now())
    },
  }
}
