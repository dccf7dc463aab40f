import { htmlPage } from '../http/page.ts'
import type { Sessions } from '../session/sessions.ts'
import type { EndSession } from './end-session.ts'
import type { Endpoint } from './endpoint.ts'
import { refuse } from './refusal.ts'

export interface FrontchannelDeps {
  readonly sessions: Pick<Sessions, 'read' | 'findBySid' | 'clearCookie'>
  readonly endSession: EndSession
  readonly issuer: string
  readonly revoke: boolean
  readonly loginHref: string
}

/**
 * `GET /bff/frontchannel` (OpenID Connect Front-Channel Logout 1.0), in an iframe of the provider's page.
 * `iss` and `sid` must be there and match (O3). The provider's `sid` is unguessable and enough to find
 * the session, since no browser sends a Strict or Lax cookie into another site's iframe.
 */
export function createFrontchannel(deps: FrontchannelDeps): Endpoint {
  return async (incoming) => {
    const query = incoming.url.searchParams
    const [iss, ...moreIss] = query.getAll('iss')
    const [sid, ...moreSid] = query.getAll('sid')
    if (moreIss.length > 0 || moreSid.length > 0 || !sid || iss !== deps.issuer) {
      return refuse(incoming, 'bad_request', { loginHref: deps.loginHref })
    }
    const read = await deps.sessions.read(incoming.cookies, 'peek')
    const own = read.kind === 'session' ? read.session : undefined
    if (own && own.record.sid !== sid) {
      return refuse(incoming, 'sid_mismatch', { loginHref: deps.loginHref })
    }
    for (const session of own ? [own] : await deps.sessions.findBySid(deps.issuer, sid)) {
      const options = { revoke: deps.revoke, requestId: incoming.requestId }
      const { revoked } = await deps.endSession(session, 'frontchannel', options)
      incoming.background(revoked)
    }
    const page = htmlPage('<!doctype html><title>Signed out</title>', 200, {
      // The provider's page frames this one; there is nothing in it to click.
      'content-security-policy': "default-src 'none'; base-uri 'none'",
    })
    if (own) page.headers.append('set-cookie', deps.sessions.clearCookie())
    return page
  }
}
