import { given } from '../http/given.ts'
import { problem } from '../http/problem.ts'
import { sha256 } from '../http/sha256.ts'
import type { Provider } from '../oidc/provider.ts'
import type { EndedSignIns } from '../session/ended-sign-ins.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { KeyValue } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import type { EndSessions } from '../tokens/end-sessions.ts'
import type { Endpoint } from './endpoint.ts'
import { readForm } from './form.ts'

export interface BackchannelDeps {
  readonly provider: Pick<Provider, 'verifyLogoutToken'>
  readonly sessions: Pick<Sessions, 'findBySub' | 'findBySid'>
  readonly endSessions: EndSessions
  readonly endedSignIns: Pick<EndedSignIns, 'add'>
  readonly store: Pick<KeyValue, 'create' | 'delete'>
  readonly log: Log
  readonly now: () => number
  readonly allSessions: boolean
  readonly revoke: boolean
}

/**
 * `POST /bff/backchannel` (OpenID Connect Back-Channel Logout 1.0). Answers 200 when the sessions are
 * gone, were gone already, or never were; 400 when the token is not valid or the work could not be done.
 */
export function createBackchannel(deps: BackchannelDeps): Endpoint {
  async function targets(token: {
    issuer: string
    sub?: string
    sid?: string
  }): Promise<Session[]> {
    const bySid =
      token.sid === undefined ? [] : await deps.sessions.findBySid(token.issuer, token.sid)
    const subs = new Set(bySid.map((session) => session.record.sub))
    if (token.sub !== undefined) subs.add(token.sub)
    if (token.sid !== undefined && !deps.allSessions) return bySid
    const lists = await Promise.all(
      [...subs].map((sub) => deps.sessions.findBySub(token.issuer, sub)),
    )
    return lists.flat()
  }

  /** A token with a `sid` is about that single sign-on, one without about the user. */
  function endedBy({ sid, sub }: { sid?: string; sub?: string }) {
    const everywhere = sid === undefined || deps.allSessions
    return {
      ...given({ sid }),
      ...(sub === undefined || !everywhere ? {} : { sub }),
    }
  }

  return async (incoming) => {
    const { request, requestId, client, background } = incoming
    const refused = (reason: string) => {
      deps.log.event('logout_token.refused', { requestId, reason, client })
      return problem('logout_token_invalid', { requestId, headers: noStore })
    }
    const form = await readForm(request)
    if (form === 'request_timeout') return refused('a form that came too slowly')
    const tokens = typeof form === 'string' ? [] : form.getAll('logout_token')
    if (tokens.length !== 1 || !tokens[0]) return refused('no logout_token in the form')
    const verified = await deps.provider.verifyLogoutToken(tokens[0])
    if (verified.kind === 'invalid') return refused(verified.reason)

    const seen = `logout-token:${sha256(verified.jti)}`
    // For as long as the token itself would be accepted: ten minutes and the tolerance (O8).
    const memoryMs = Math.max(1000, verified.expiresAt - deps.now())
    if (!(await deps.store.create(seen, '', memoryMs))) return refused('jti seen before')
    try {
      // First the mark, then the search: a sign-in that is being finished meets one or the other (L16).
      await deps.endedSignIns.add(endedBy(verified))
      const sessions = await targets(verified)
      const options = { revoke: deps.revoke, requestId }
      const { revoked } = await deps.endSessions(sessions, 'backchannel', options)
      background(revoked)
    } catch (error) {
      // The provider will send it again, and then it must not be taken for a replay.
      await deps.store.delete(seen).catch(() => undefined)
      throw error
    }
    return new Response(null, { status: 200, headers: noStore })
  }
}

const noStore = { 'cache-control': 'no-store' }
