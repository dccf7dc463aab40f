import type { CredentialsStanding } from './credentials-look.ts'
import { singleFlight } from './single-flight.ts'

/**
 * Whether the provider takes our client id and its secret or key, where a refusal of its own does not say
 * (T20). In each process, about the client that signs users in.
 */
export interface OwnCredentials {
  /** A token request of that client was answered with a token. */
  worked(): void
  /** What is known since a time (epoch milliseconds), or can be found out. Never rejects. */
  standing(since: number): Promise<CredentialsStanding>
}

const pauseMs = 60_000

/** One look at a time, at most one a minute. Between them nothing is known but what has worked. */
export function createOwnCredentials(deps: {
  look(): Promise<CredentialsStanding>
  now(): number
}): OwnCredentials {
  const { now } = deps
  let goodAt = Number.NEGATIVE_INFINITY
  let lookedAt: number | undefined

  const worked = () => {
    goodAt = now()
  }

  const look = singleFlight(async () => {
    // Either way, for a clock that was set back.
    if (lookedAt !== undefined && Math.abs(now() - lookedAt) < pauseMs) return 'unknown'
    lookedAt = now()
    const standing = await deps.look()
    if (standing === 'good') worked()
    return standing
  })

  return {
    worked,
    standing: async (since) => (goodAt > since ? 'good' : look()),
  }
}
