import type { Session } from '../session/session.ts'
import type { SignOutReason } from '../telemetry/log.ts'
import type { EndSession } from './end-session.ts'

/** Revocations under way at once, of all that end many sessions. */
const revocationsAtOnce = 4

/**
 * Ends many sessions of one account at no cost for anybody else (O11): here one after the other, with a
 * turn for other people in between, and their tokens at the provider a few at a time.
 */
export function createEndSessions(endSession: EndSession) {
  const revoking = createQueue(revocationsAtOnce)
  return async (
    sessions: readonly Session[],
    reason: SignOutReason,
    options: { revoke: boolean; requestId?: string },
  ): Promise<{ revoked: Promise<void> }> => {
    const revocations: Promise<void>[] = []
    for (const session of sessions) {
      const { revoked } = await endSession(session, reason, { ...options, queue: revoking })
      revocations.push(revoked)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    return { revoked: Promise.all(revocations).then(() => undefined) }
  }
}

export type EndSessions = ReturnType<typeof createEndSessions>

/** Runs tasks in order, so many at once. */
function createQueue(atOnce: number) {
  const waiting: (() => void)[] = []
  let running = 0
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (running < atOnce) running += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await task()
    } finally {
      // The place goes to the next one without being free in between.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
