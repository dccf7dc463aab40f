import { timingSafeEqual } from 'node:crypto'
import { parseReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import type { Provider } from '../oidc/provider.ts'
import type { Seal } from '../session/seal.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { EndSession } from './end-session.ts'
import {
  type Endpoint,
  type EndpointRequest,
  isNavigation,
  isPrefetch,
  json,
  redirect,
} from './endpoint.ts'
import { refuse } from './refusal.ts'

export interface LogoutDeps {
  readonly provider: Pick<Provider, 'endSessionUrl'>
  readonly sessions: Pick<Sessions, 'read' | 'clearCookie'>
  readonly endSession: EndSession
  /** Seals the return URL into `state`. */
  readonly seal: Seal
  readonly returnUrls: ReturnUrlRule
  readonly requireSid: boolean
  readonly revoke: boolean
  readonly loginHref: string
}

/** How long an answer waits for the revocation, which goes on in the background after that. */
const revocationPatienceMs = 2000

/** `GET /bff/logout` (needs the session's `sid`) and `POST /bff/logout` (behind the CSRF rule). */
export function createLogout(deps: LogoutDeps): { get: Endpoint; post: Endpoint } {
  const { loginHref } = deps

  /** Here first, then the tokens, then the provider (O1). Answers where the browser goes next. */
  async function signOut(
    incoming: EndpointRequest,
    session: Session,
    returnUrl: string,
  ): Promise<string> {
    const { requestId } = incoming
    const { revoked } = await deps.endSession(session, 'user', { revoke: deps.revoke, requestId })
    incoming.background(revoked)
    const state = await deps.seal.seal({ returnUrl })
    const { idToken } = session.record
    const [url] = await Promise.all([
      deps.provider.endSessionUrl({
        state,
        ...(idToken === undefined ? {} : { idTokenHint: idToken }),
      }),
      Promise.race([
        revoked,
        new Promise((done) => setTimeout(done, revocationPatienceMs).unref()),
      ]),
    ])
    return url?.href ?? returnUrl
  }

  async function begin(incoming: EndpointRequest) {
    const query = incoming.url.searchParams
    const values = query.getAll('returnUrl')
    const returnUrl = values.length > 1 ? undefined : parseReturnUrl(values[0], deps.returnUrls)
    const onForged = () => incoming.suspicious('forged_ticket')
    const read = await deps.sessions.read(incoming.cookies, 'peek', onForged)
    return { returnUrl, session: read.kind === 'session' ? read.session : undefined }
  }

  const clear = () => [deps.sessions.clearCookie()]

  return {
    async get(incoming) {
      if (isPrefetch(incoming.request)) return new Response(null, { status: 204 })
      const { returnUrl, session } = await begin(incoming)
      if (returnUrl === undefined) return refuse(incoming, 'bad_return_url', { loginHref })
      if (!session) return redirect(302, returnUrl)
      if (deps.requireSid) {
        const sids = incoming.url.searchParams.getAll('sid')
        if (sids.length !== 1 || !sids[0]) return refuse(incoming, 'sid_missing', { loginHref })
        if (!matchesSid(session, sids[0])) return refuse(incoming, 'sid_mismatch', { loginHref })
      }
      return redirect(302, await signOut(incoming, session, returnUrl), clear())
    },
    async post(incoming) {
      const { returnUrl, session } = await begin(incoming)
      if (returnUrl === undefined) return refuse(incoming, 'bad_return_url', { loginHref })
      const target = session ? await signOut(incoming, session, returnUrl) : returnUrl
      return isNavigation(incoming.request)
        ? redirect(303, target, session ? clear() : [])
        : json(200, { redirectUrl: target }, session ? clear() : [])
    },
  }
}

function matchesSid({ record }: Session, sid: string): boolean {
  const expected = Buffer.from(record.sid ?? record.handle)
  const given = Buffer.from(sid)
  return expected.length === given.length && timingSafeEqual(expected, given)
}
