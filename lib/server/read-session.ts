import { given } from '../http/given.ts'
import { publicIdOf } from '../session/keys.ts'
import { secondsLeft } from '../session/seconds-left.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'

/** The session of a request, for server code. No token is in it. */
export interface KnownSession {
  /** Names the session to `userFetch` and `sessions.end`, outside of requests too. No credential. */
  readonly id: string
  readonly sub: string
  /** The provider's session id, where it gives one. */
  readonly sid?: string
  /** All that are kept: see `session.claims`. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Whole seconds until it ends, if it is not used again. */
  readonly expiresIn: number
  /** To be sent with the answer, when the ticket was sealed under an older secret. */
  readonly setCookie?: string
}

/**
 * The session that a cookie header belongs to. `use` extends its idle lifetime, `peek` does not. `onForged` is
 * told of a ticket that is not ours. Rejects with StoreUnavailableError.
 */
export type ReadSession = (
  cookieHeader: string | undefined,
  mode: 'use' | 'peek',
  onForged?: () => void,
) => Promise<KnownSession | undefined>

export function createReadSession(deps: {
  readonly sessions: Pick<Sessions, 'read'>
  readonly now: () => number
}): ReadSession {
  return async (cookieHeader, mode, onForged) => {
    const read = await deps.sessions.read(cookieHeader, mode, onForged)
    if (read.kind === 'none') return undefined
    const { setCookie } = read
    const known = knownSession(read.session, deps.now())
    return setCookie === undefined ? known : { ...known, setCookie }
  }
}

function knownSession(session: Session, now: number): KnownSession {
  const { sub, sid, claims } = session.record
  return {
    id: publicIdOf(session.key),
    sub,
    ...given({ sid }),
    claims,
    expiresIn: secondsLeft(session, now),
  }
}
