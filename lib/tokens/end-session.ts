import type { EndNotes, EndReason } from '../session/end-notes.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { StoreFullError } from '../store/key-value.ts'
import type { Log, SignOutReason } from '../telemetry/log.ts'
import type { LeftTokens } from './left-tokens.ts'
import type { ReplacedSessions } from './replaced-session.ts'
import type { Revocation } from './revocation.ts'

export interface EndSessionDeps {
  readonly sessions: Pick<Sessions, 'end'>
  readonly replaced: Pick<ReplacedSessions, 'note'>
  readonly revoke: Revocation
  readonly left: Pick<LeftTokens, 'ended' | 'forget'>
  readonly endNotes: Pick<EndNotes, 'note'>
  readonly log: Log
}

/** What the session's own pages are told, where they could not know. */
const toldAs: Partial<Record<SignOutReason, Exclude<EndReason, 'here'>>> = {
  another_session: 'elsewhere',
  administrator: 'elsewhere',
  backchannel: 'provider',
  frontchannel: 'provider',
}

export interface EndSessionOptions {
  readonly revoke: boolean
  readonly requestId?: string
  /** Store key of the session in which the same user goes on. */
  readonly replacedBy?: string
  /** Runs the revocation when it is its turn. @default at once */
  readonly queue?: (revocation: () => Promise<void>) => Promise<void>
}

/**
 * Ends a session here, then revokes its tokens at the provider (O1, T8). Rejects only when the store is
 * away. The answer's promise settles when the revocation is done or given up; it never rejects.
 */
export function createEndSession(deps: EndSessionDeps) {
  const { sessions, replaced, revoke, log } = deps

  /** True when this call is the one that ends the session. */
  async function remove(session: Session, reason: SignOutReason): Promise<boolean> {
    try {
      return await sessions.end(session)
    } catch (cause) {
      // On a full disk the record stays, which is no reason to leave its owner with the cookie, or the
      // tokens with what they are good for.
      if (reason !== 'user' || !(cause instanceof StoreFullError)) throw cause
      log.event('session.end_failed', { cause })
      return true
    }
  }

  return async (
    session: Session,
    reason: SignOutReason,
    options: EndSessionOptions,
  ): Promise<{ revoked: Promise<void> }> => {
    const { record } = session
    const told = toldAs[reason]
    if (told) await deps.endNotes.note(session.key, told)
    if (options.replacedBy !== undefined) await replaced.note(session.key, options.replacedBy)
    // Whoever really removed the record revokes: two sign-outs at once make one request (S7).
    if (!(await remove(session, reason))) return { revoked: Promise.resolve() }
    const requestId = options.requestId === undefined ? {} : { requestId: options.requestId }
    log.event('sign_out.done', { sub: record.sub, reason, ...requestId })
    // What is not revoked now is when nothing hangs on it any more.
    if (!options.revoke) return { revoked: deps.left.ended(session.key) }
    const accessTokens = Object.values(record.accessTokens).map(({ token }) => token)
    const { refreshToken, dpopKey } = record
    const revocation = async () => {
      const outcome = await revoke({ refreshToken, accessTokens, dpopKey }, record.sub)
      if (outcome === 'settled') await deps.left.forget(session.key)
    }
    return { revoked: options.queue ? options.queue(revocation) : revocation() }
  }
}

export type EndSession = ReturnType<typeof createEndSession>
