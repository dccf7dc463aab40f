import { given } from '../http/given.ts'
import { problem } from '../http/problem.ts'
import { sha256 } from '../http/sha256.ts'
import { jwtClaims } from '../oidc/jwt-claims.ts'
import type { Provider } from '../oidc/provider.ts'
import type { EndedSignIns } from '../session/ended-sign-ins.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { KeyValue } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import type { EndSessions } from '../tokens/end-sessions.ts'
import type { Endpoint, EndpointRequest } from './endpoint.ts'
import { readForm } from './form.ts'

/** Takes logout tokens. */
export interface Backchannel {
  /** Of a form that came to this endpoint, or to that of another frontend. Rejects when the store is unavailable. */
  receive(incoming: EndpointRequest, form: URLSearchParams): Promise<Response>
}

/** The frontends that a token may be for, by what it says of itself: it is verified by each of them. */
export type Addressees = (issuer: string, audience: readonly string[]) => Backchannel[]

export interface BackchannelDeps {
  readonly addressees: Addressees
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
 * gone, were gone already, or never were; 400 when the token is not valid or the work could not be done. A token is
 * for whomever its `iss` and `aud` name: providers know one address of ours, and several frontends.
 */
export function createBackchannel(deps: BackchannelDeps): Backchannel & { endpoint: Endpoint } {
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

  function refuse({ requestId, client }: EndpointRequest, reason: string): Response {
    deps.log.event('logout_token.refused', { requestId, reason, client })
    return problem('logout_token_invalid', { requestId, headers: noStore })
  }

  async function receive(incoming: EndpointRequest, form: URLSearchParams): Promise<Response> {
    const { requestId, background } = incoming
    const refused = (reason: string) => refuse(incoming, reason)
    const tokens = form.getAll('logout_token')
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

  return {
    receive,
    async endpoint(incoming) {
      const form = await readForm(incoming.request)
      if (form === 'request_timeout') return refuse(incoming, 'a form that came too slowly')
      if (typeof form === 'string') return refuse(incoming, 'no logout_token in the form')
      const { iss, aud } = jwtClaims(form.get('logout_token') ?? '') ?? {}
      const named = typeof iss === 'string' ? deps.addressees(iss, [aud].flat().map(String)) : []
      const [first = { receive }, ...others] = named
      const answer = await first.receive(incoming, form)
      // A forged one costs one look, however many frontends are of one client.
      if (!answer.ok) return answer
      const answers = await Promise.all(others.map((it) => it.receive(incoming, form)))
      return answers.find(({ ok }) => !ok) ?? answer
    },
  }
}

const noStore = { 'cache-control': 'no-store' }
