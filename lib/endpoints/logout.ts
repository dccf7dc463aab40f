import { timingSafeEqual } from 'node:crypto'
import { isNavigation, isPrefetch } from '../http/navigation.ts'
import { homeOf, parseReturnUrl, type ReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import type { ClearApiCookies } from '../session/clear-api-cookies.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { EndSession } from '../tokens/end-session.ts'
import { type Endpoint, type EndpointRequest, json, redirect } from './endpoint.ts'
import type { ProviderSignOut } from './provider-sign-out.ts'
import { refuse } from './refusal.ts'
import type { SignOutAddress } from './sign-out-address.ts'

export interface LogoutDeps {
  readonly providerSignOut: ProviderSignOut
  readonly sessions: Pick<Sessions, 'read' | 'clearCookie'>
  readonly endSession: EndSession
  readonly apiCookies: ClearApiCookies
  readonly signOutAddress: SignOutAddress
  readonly returnUrls: ReturnUrlRule
  readonly requireSid: boolean
  readonly revoke: boolean
  readonly loginHref: string
}

/** `GET /bff/logout` (needs the `sid` of the sign-out link) and `POST /bff/logout` (behind the CSRF rule). */
export function createLogout(deps: LogoutDeps): { get: Endpoint; post: Endpoint } {
  const { loginHref, providerSignOut } = deps

  /** Here first, then the tokens (O1). Answers how to go to the provider, if it has a sign-out page. */
  async function signOut(incoming: EndpointRequest, session: Session, returnUrl: ReturnUrl) {
    const { requestId } = incoming
    const { revoked } = await deps.endSession(session, 'user', { revoke: deps.revoke, requestId })
    incoming.background(revoked)
    return providerSignOut(returnUrl, session.record.idToken)
  }

  /** What of this sign-in is left in the browser. */
  const cleared = ({ cookies }: EndpointRequest) => [
    deps.sessions.clearCookie(),
    ...deps.apiCookies.signedOut(cookies),
  ]

  /** To whom the answer is a redirect that only the browser sees, the provider's own address (S2). */
  async function redirectOut(
    incoming: EndpointRequest,
    status: 302 | 303,
    session: Session,
    returnUrl: ReturnUrl,
  ): Promise<Response> {
    const atProvider = await signOut(incoming, session, returnUrl)
    return redirect(status, atProvider ?? returnUrl, cleared(incoming))
  }

  /** To a script an address of ours, which says nothing (O6). */
  async function tellAddress(
    incoming: EndpointRequest,
    session: Session,
    returnUrl: ReturnUrl,
  ): Promise<Response> {
    const atProvider = await signOut(incoming, session, returnUrl)
    const ended = cleared(incoming)
    if (atProvider === undefined) return json(200, { redirectUrl: returnUrl }, ended)
    try {
      const { address, setCookie } = await deps.signOutAddress.issue(atProvider)
      return json(200, { redirectUrl: address }, [...ended, setCookie])
    } catch {
      // The store went away just now. Signed out here all the same; the provider will ask whether one means it.
      return json(200, { redirectUrl: (await providerSignOut(returnUrl)) ?? returnUrl }, ended)
    }
  }

  /** The address that a script was given. Without what it stood for, everything there is to end has ended. */
  async function follow(incoming: EndpointRequest, handles: string[]): Promise<Response> {
    // A script that fetches it may see the last address of a chain of redirects, if the provider lets it.
    if (!isNavigation(incoming.request.headers)) {
      return refuse(incoming, 'bad_request', { loginHref })
    }
    const [handle = '', ...more] = handles
    const leave =
      more.length > 0 ? undefined : await deps.signOutAddress.take(incoming.cookies, handle)
    return leave
      ? redirect(302, leave.target, [leave.setCookie])
      : redirect(302, homeOf(deps.returnUrls))
  }

  async function begin(incoming: EndpointRequest) {
    const query = incoming.url.searchParams
    const values = query.getAll('returnUrl')
    const returnUrl = values.length > 1 ? undefined : parseReturnUrl(values[0], deps.returnUrls)
    const onForged = () => incoming.suspicious('forged_ticket')
    const read = await deps.sessions.read(incoming.cookies, 'peek', onForged)
    return { returnUrl, session: read.kind === 'session' ? read.session : undefined }
  }

  return {
    async get(incoming) {
      if (isPrefetch(incoming.request.headers)) return new Response(null, { status: 204 })
      const query = incoming.url.searchParams
      if (query.has('leave')) return follow(incoming, query.getAll('leave'))
      const { returnUrl, session } = await begin(incoming)
      if (returnUrl === undefined) return refuse(incoming, 'bad_return_url', { loginHref })
      if (!session) return redirect(302, returnUrl)
      if (deps.requireSid) {
        const sids = query.getAll('sid')
        if (sids.length !== 1 || !sids[0]) return refuse(incoming, 'sid_missing', { loginHref })
        if (!matchesSid(session, sids[0])) return refuse(incoming, 'sid_mismatch', { loginHref })
      }
      return redirectOut(incoming, 302, session, returnUrl)
    },
    async post(incoming) {
      const { returnUrl, session } = await begin(incoming)
      if (returnUrl === undefined) return refuse(incoming, 'bad_return_url', { loginHref })
      const navigates = isNavigation(incoming.request.headers)
      if (session) {
        return navigates
          ? redirectOut(incoming, 303, session, returnUrl)
          : tellAddress(incoming, session, returnUrl)
      }
      // The session may have ended elsewhere, where nobody could delete anything here.
      const left = deps.apiCookies.signedOut(incoming.cookies)
      return navigates
        ? redirect(303, returnUrl, left)
        : json(200, { redirectUrl: returnUrl }, left)
    },
  }
}

/** The `sid` of the sign-out link is a handle of ours: every API of the same sign-on knows the provider's (O4). */
function matchesSid({ record }: Session, sid: string): boolean {
  const expected = Buffer.from(record.handle)
  const given = Buffer.from(sid)
  return expected.length === given.length && timingSafeEqual(expected, given)
}
