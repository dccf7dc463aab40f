import { createBoundedMap } from '../store/bounded-map.ts'
import type { ClientProof, ClientProofs } from './client-auth.ts'

/** Which way of sending a secret a provider takes, where the settings leave it open (T27). In each process. */
export interface KnownProofs {
  /** The way that worked, else the first. */
  choose(place: string, proofs: ClientProofs): ClientProof
  /** The other way, unless both were refused less than a minute ago. */
  another(place: string, proofs: ClientProofs, refused: ClientProof): ClientProof | undefined
  worked(place: string, proof: ClientProof): void
  bothRefused(place: string): void
}

const restMs = 60_000

/** A place is an issuer, a client and a secret: of those that the settings name, and some made-up ones. */
export function createKnownProofs(now: () => number): KnownProofs {
  const methods = createBoundedMap<string>({ maxWeight: 1000, weigh: () => 1 })
  const refusedAt = createBoundedMap<number>({ maxWeight: 1000, weigh: () => 1 })
  return {
    choose(place, { first, second }) {
      return second && methods.get(place) === second.method ? second : first
    },
    another(place, { first, second }, refused) {
      const at = refusedAt.get(place)
      // Either way, for a clock that was set back.
      if (at !== undefined && Math.abs(now() - at) < restMs) return undefined
      return refused.method === first.method ? second : first
    },
    worked(place, { method }) {
      methods.set(place, method)
      refusedAt.delete(place)
    },
    bothRefused(place) {
      refusedAt.set(place, now())
    },
  }
}
