import { given } from '../http/given.ts'
import { publicIdOf, sessionKeyOf } from '../session/keys.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { EndSession } from '../tokens/end-session.ts'
import type { EndSessions } from '../tokens/end-sessions.ts'

/** A session as server code may see it. */
export interface SessionSummary {
  /** Names the session to `end` and to `userFetch`. No credential: no ticket can be made of it. */
  readonly id: string
  readonly sub: string
  /** The provider's session id, where it gives one. */
  readonly sid?: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Epoch milliseconds: idle expiry, if it is not used again. */
  readonly expiresAt: number
}

/** Sessions for server code: an administrator's page, "sign out everywhere", a locked account. */
export interface SessionAdministration {
  /** The live sessions of a user of the configured issuer, oldest first. */
  list(sub: string): Promise<SessionSummary[]>
  /** Ends one session and revokes its tokens. False when there was none. */
  end(id: string): Promise<boolean>
  /** Ends every session of a user and revokes their tokens; answers how many there were. */
  endAll(sub: string): Promise<number>
}

export interface SessionAdministrationDeps {
  readonly sessions: Pick<Sessions, 'findBySub' | 'readFresh'>
  readonly endSession: EndSession
  readonly endSessions: EndSessions
  readonly issuers: readonly string[]
  readonly revoke: boolean
}

/** Every operation rejects with StoreUnavailableError when the store cannot be asked. */
export function createSessionAdministration(
  deps: SessionAdministrationDeps,
): SessionAdministration {
  const { sessions, endSession, endSessions, issuers, revoke } = deps
  const findBySub = async (sub: string) =>
    (await Promise.all(issuers.map((issuer) => sessions.findBySub(issuer, sub)))).flat()

  return {
    async list(sub) {
      const found = await findBySub(sub)
      return found.map(summaryOf).sort((a, b) => a.createdAt - b.createdAt)
    },
    async end(id) {
      const session = await sessions.readFresh(sessionKeyOf(id))
      if (!session) return false
      await (await endSession(session, 'administrator', { revoke })).revoked
      return true
    },
    async endAll(sub) {
      const found = await findBySub(sub)
      await (await endSessions(found, 'administrator', { revoke })).revoked
      return found.length
    },
  }
}

function summaryOf({ key, expiresAt, record }: Session): SessionSummary {
  return {
    id: publicIdOf(key),
    sub: record.sub,
    ...given({ sid: record.sid }),
    createdAt: record.createdAt,
    expiresAt,
  }
}
