import { createBoundedMap } from '../store/bounded-map.ts'
import type { TokenFailure } from './token-result.ts'

/** For what the provider is left alone a while, after it was asked in vain. */
export interface CoolDowns {
  /** Why it was in vain, while it lasts. */
  of(name: string): TokenFailure | undefined
  begin(name: string, code: TokenFailure): void
}

const coolDownMs = 3000

/** In each process. */
export function createCoolDowns(now: () => number): CoolDowns {
  const failures = createBoundedMap<{ until: number; code: TokenFailure }>({
    maxWeight: 10_000,
    weigh: () => 1,
  })
  return {
    of(name) {
      const failure = failures.get(name)
      return failure && failure.until > now() ? failure.code : undefined
    },
    begin: (name, code) => failures.set(name, { until: now() + coolDownMs, code }),
  }
}
