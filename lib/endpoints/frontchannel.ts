import { destinationOf } from '../http/navigation.ts'
import { type ProblemCode, problem } from '../http/problem.ts'
import { barePolicy } from '../pages/csp.ts'
import { htmlPage } from '../pages/page.ts'
import type { ClearApiCookies } from '../session/clear-api-cookies.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { EndSessions } from '../tokens/end-sessions.ts'
import type { Endpoint } from './endpoint.ts'
import { refuse } from './refusal.ts'

export interface FrontchannelDeps {
  readonly enabled: boolean
  readonly sessions: Pick<Sessions, 'read' | 'findBySid' | 'clearCookie'>
  readonly endSessions: EndSessions
  readonly apiCookies: ClearApiCookies
  readonly issuers: readonly string[]
  readonly revoke: boolean
  readonly loginHref: string
}

/** The provider's page frames it, and some show their iframes to people. */
const framable = barePolicy('any site')
const signedOut = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Signed out</title></head>
<body><p>You are signed out here.</p></body></html>
`

/**
 * `GET /bff/frontchannel` (OpenID Connect Front-Channel Logout 1.0), in an iframe of the provider's page.
 * Nothing proves who sends it: whoever knows `iss` and `sid` ends that session, since no browser sends a
 * Strict or Lax cookie into another site's iframe. So it is off unless asked for (O7), and where a browser
 * says what it loads, pages and their scripts are kept out; programs are not (O12). `HEAD` ends nothing.
 */
export function createFrontchannel(deps: FrontchannelDeps): Endpoint {
  const isOurs = (iss: string | undefined) => iss !== undefined && deps.issuers.includes(iss)

  /** Which sessions the request names (O3). */
  async function named(
    own: Session | undefined,
    iss: string | undefined,
    sid: string | undefined,
  ): Promise<readonly Session[] | ProblemCode> {
    // A provider that gives no `sid` sends neither; then our own cookie is what names the session.
    if (own && own.record.sid === undefined) {
      return iss === undefined || isOurs(iss) ? [own] : 'bad_request'
    }
    // Ended before, by the other channel or in another tab.
    if (!own && !sid && (iss === undefined || isOurs(iss))) return []
    if (iss === undefined || !isOurs(iss) || !sid) return 'bad_request'
    if (own) return own.record.sid === sid && own.record.issuer === iss ? [own] : 'sid_mismatch'
    return deps.sessions.findBySid(iss, sid)
  }

  return async (incoming) => {
    const { requestId, request } = incoming
    if (!deps.enabled) return problem('not_found', { requestId })
    const refused = (code: ProblemCode) => {
      const answer = refuse(incoming, code, { loginHref: deps.loginHref })
      answer.headers.set('content-security-policy', framable['content-security-policy'])
      return answer
    }
    const destination = destinationOf(request.headers)
    if (destination === 'window' || destination === 'no-page') return refused('bad_request')
    const query = incoming.url.searchParams
    const [iss, ...moreIss] = query.getAll('iss')
    const [sid, ...moreSid] = query.getAll('sid')
    if (moreIss.length > 0 || moreSid.length > 0) return refused('bad_request')

    const read = await deps.sessions.read(incoming.cookies, 'peek')
    const own = read.kind === 'session' ? read.session : undefined
    const sessions = await named(own, iss, sid)
    if (typeof sessions === 'string') return refused(sessions)
    const page = htmlPage(signedOut, 200, framable)
    if (request.method === 'HEAD') return page
    if (sessions.length === 0) incoming.suspicious('frontchannel_missed')
    const options = { revoke: deps.revoke, requestId }
    const { revoked } = await deps.endSessions(sessions, 'frontchannel', options)
    incoming.background(revoked)
    if (!own) return page
    page.headers.append('set-cookie', deps.sessions.clearCookie())
    for (const cookie of deps.apiCookies.signedOut(incoming.cookies)) {
      page.headers.append('set-cookie', cookie)
    }
    return page
  }
}
