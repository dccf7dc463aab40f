import { sha256 } from '../http/sha256.ts'
import { createBoundedMap } from '../store/bounded-map.ts'

/** Since when refresh tokens are refused without a reason: what has worked since shows whose fault it is (T20). */
export interface UnclearRefusals {
  /** Epoch milliseconds of the first refusal of the present trouble; this one, when there was none before. */
  since(refreshToken: string): number
  /** It has worked: whatever comes later is another trouble. */
  forget(refreshToken: string): void
}

/** A refusal of longer ago says nothing of this one: the provider, or our secret, may have changed between. */
const troubleMs = 10 * 60_000

/** In each process. */
export function createUnclearRefusals(now: () => number): UnclearRefusals {
  // By hashes, so that every entry is of one size.
  const first = createBoundedMap<number>({ maxWeight: 10_000, weigh: () => 1 })
  return {
    since(refreshToken) {
      const name = sha256(refreshToken)
      const known = first.get(name)
      // Either way, for a clock that was set back.
      if (known !== undefined && Math.abs(now() - known) < troubleMs) return known
      const since = now()
      first.set(name, since)
      return since
    },
    forget(refreshToken) {
      first.delete(sha256(refreshToken))
    },
  }
}
