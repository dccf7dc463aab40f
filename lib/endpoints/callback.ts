import { given } from '../http/given.ts'
import { isTopLevel } from '../http/navigation.ts'
import { homeOf, parseReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import { isPageExpired } from '../oidc/authorization-response.ts'
import { tellImpossible } from '../oidc/impossible-sign-in.ts'
import { jwtClaims } from '../oidc/jwt-claims.ts'
import type { Provider } from '../oidc/provider.ts'
import { type ErrorChannel, providerFix, tokenFix } from '../oidc/provider-fix.ts'
import type { SignInResult } from '../oidc/redeem-code.ts'
import { requiredAcr } from '../oidc/required-acr.ts'
import { silentLoginPage } from '../pages/silent-login-page.ts'
import { browserNamesOf } from '../session/browser-names.ts'
import type { ClaimsPolicy } from '../session/claims.ts'
import type { ClearApiCookies } from '../session/clear-api-cookies.ts'
import type { EndedSignIns } from '../session/ended-sign-ins.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type {
  Remembered,
  TakenTransaction,
  Transaction,
  Transactions,
} from '../session/transaction.ts'
import type { Log } from '../telemetry/log.ts'
import type { EndSession } from '../tokens/end-session.ts'
import type { LeftTokens } from '../tokens/left-tokens.ts'
import type { Revocation } from '../tokens/revocation.ts'
import { type Endpoint, type EndpointRequest, redirect } from './endpoint.ts'
import { readForm } from './form.ts'
import { createInterruptedSignIn } from './interrupted-sign-in.ts'
import { createLostSignIn } from './lost-sign-in.ts'
import { refuse } from './refusal.ts'
import { createRepeatSignIn } from './repeat-sign-in.ts'
import { dpopKeyFor, recordOf } from './session-record.ts'
import { signInAgain } from './sign-in-again.ts'
import { type SignInFacts, signInMisconfigurations } from './sign-in-misconfigurations.ts'
import type { StartSignIn } from './start-sign-in.ts'

export interface CallbackDeps {
  readonly provider: Pick<Provider, 'redeemCode' | 'leaveOutResources'>
  readonly sessions: Sessions
  readonly transactions: Transactions
  readonly startSignIn: StartSignIn
  readonly endSession: EndSession
  readonly left: Pick<LeftTokens, 'note'>
  readonly endedSignIns: EndedSignIns
  readonly apiCookies: ClearApiCookies
  readonly claims: ClaimsPolicy
  /** Where the session keeps the sign-in's own token. */
  readonly signInSlot: () => Promise<string>
  readonly log: Log
  readonly now: () => number
  readonly returnUrls: ReturnUrlRule
  readonly issuer: string
  readonly clientId: string
  readonly absoluteSeconds: number
  /** What the sign-in asks for, and how early tokens are refreshed: for telling what does not fit. */
  readonly scope: Pick<SignInFacts, 'scope' | 'isScopeSet'>
  readonly marginSeconds: number
  readonly loginHref: string
  readonly callbackPath: string
  /** Undefined where a sign-out revokes nothing either. */
  readonly revoke: Revocation | undefined
}

type Taken = Extract<TakenTransaction, { readonly kind: 'taken' }>
type SignedIn = Extract<SignInResult, { readonly kind: 'signed-in' }>
type NotSignedIn = Extract<SignInResult, { readonly kind: 'failed' }>

/** What a provider answers to `prompt=none` when it would have to show something. */
const needsInteraction = /^(login|interaction|consent|account_selection)_required$/

/** `GET,POST /bff/callback`: redeems the code, once, for the browser that began the sign-in. */
export function createCallback(deps: CallbackDeps): Endpoint {
  const { loginHref } = deps
  const repeat = createRepeatSignIn(deps)
  const lost = createLostSignIn(deps, repeat)
  const interrupted = createInterruptedSignIn(deps)

  function failed(
    incoming: EndpointRequest,
    { transaction, clearCookies }: Taken,
    result: NotSignedIn,
    options: { status?: number; channel?: ErrorChannel } = {},
  ): Response {
    const { requestId, client } = incoming
    const { remembered } = transaction
    const { code, error, about, cause } = result
    const { channel = 'call', ...answer } = options
    deps.log.event('sign_in.failed', {
      requestId,
      client,
      code,
      ...given({ error, fix: result.fix ?? providerFix(error, channel) ?? tokenFix(about) }),
      ...about,
      ...given({ cause }),
    })
    if (channel === 'call' && code === 'provider_misconfigured') {
      tellImpossible(deps.log, result)
    }
    const returnUrl = parseReturnUrl(remembered.returnUrl, deps.returnUrls)
    if (remembered.silent && !isTopLevel(incoming.request.headers)) {
      return silentLoginPage(false, deps.returnUrls.publicOrigin, clearCookies, returnUrl)
    }
    if (remembered.prompt === 'none' && needsInteraction.test(error ?? '') && returnUrl) {
      return redirect(303, returnUrl, clearCookies)
    }
    // Another try would be ignored as well: the way leads back to where the person came from (L25).
    const way =
      code === 'sign_in_request_ignored'
        ? { loginHref, backHref: returnUrl ?? homeOf(deps.returnUrls) }
        : { loginHref: signInAgain(loginHref, remembered) }
    return refuse(incoming, code, { ...way, setCookies: clearCookies, ...answer })
  }

  /** The provider does not know the resource of some remote: once more, without it (T15). */
  async function withoutResource(
    incoming: EndpointRequest,
    { state, remembered }: Transaction,
    toldBy: 'provider' | 'browser',
  ): Promise<Response | undefined> {
    if (remembered.restart) return undefined
    const left = await deps.provider.leaveOutResources(
      toldBy,
      remembered.fewerResources ? 'fewer' : 'all',
    )
    if (left === 'nothing-asked') return undefined
    return repeat(incoming, state, remembered, left === 'none' ? { withoutResources: true } : {})
  }

  async function endPrevious(
    incoming: EndpointRequest,
    { remembered }: Transaction,
    next: Session,
  ): Promise<void> {
    const read = await deps.sessions.read(incoming.cookies, 'peek')
    const sent = read.kind === 'session' ? read.session.key : undefined
    for (const key of new Set([remembered.previous, sent])) {
      const previous = key === undefined ? undefined : await deps.sessions.readFresh(key)
      if (!previous) continue
      // The same user's old tokens may hang on the grant that the new ones hang on: revoking them could
      // end the new session too.
      const { sub, issuer } = previous.record
      const goesOn = sub === next.record.sub && issuer === next.record.issuer
      const how = goesOn ? { revoke: false, replacedBy: next.key } : { revoke: true }
      const { revoked } = await deps.endSession(previous, 'replaced', how)
      incoming.background(revoked)
    }
  }

  async function succeeded(
    incoming: EndpointRequest,
    taken: Taken,
    result: SignedIn,
  ): Promise<Response> {
    const { transaction, clearCookies } = taken
    const { remembered } = transaction
    const returnUrl = parseReturnUrl(remembered.returnUrl, deps.returnUrls)
    if (returnUrl === undefined) {
      return refuse(incoming, 'bad_return_url', { loginHref, setCookies: clearCookies })
    }
    const claims = await deps.claims(
      { ...result.offered, ...given({ accessToken: jwtClaims(result.accessToken.token) }) },
      'sign-in',
    )
    const agent = await browserNamesOf(incoming.request.headers.get('user-agent'))
    const record = recordOf(deps, transaction, result, claims, await deps.signInSlot(), agent)
    const { session, setCookie } = await deps.sessions.create(record)
    // A logout from now on finds the session; one that came before left a mark (L16).
    if (await deps.endedSignIns.has(record, transaction.startedAt)) {
      const { revoked } = await deps.endSession(session, 'backchannel', { revoke: true })
      incoming.background(revoked)
      const cause = new Error('the provider ended this sign-in before it was finished')
      return failed(incoming, taken, { kind: 'failed', code: 'sign_in_failed', cause })
    }
    incoming.background(deps.left.note(session, 'begun'))
    await endPrevious(incoming, transaction, session)
    tell(incoming, remembered, result)
    const ofApis = deps.apiCookies.signedIn(incoming.cookies, record)
    const cookies = [setCookie, ...clearCookies, ...ofApis]
    return remembered.silent && !isTopLevel(incoming.request.headers)
      ? silentLoginPage(true, deps.returnUrls.publicOrigin, cookies, returnUrl)
      : redirect(303, returnUrl, cookies)
  }

  function tell({ requestId }: EndpointRequest, { acrValues }: Remembered, result: SignedIn): void {
    for (const it of signInMisconfigurations({
      ...deps.scope,
      hasRefreshToken: result.refreshToken !== undefined,
      isOffline: result.isOffline,
      accessTokenLifetime: result.accessToken.expiresInSeconds,
      margin: deps.marginSeconds,
      issuedAt: result.offered.claims.iat,
      now: Date.now() / 1000,
    })) {
      deps.log.event('misconfiguration', it)
    }
    const { sub, sid } = result
    // The API judges how well somebody signed in; the operator should know that it has to guess (L18).
    if (result.acr === undefined && requiredAcr(acrValues).length > 0) {
      deps.log.event('sign_in.acr_missing', { requestId, sub })
    }
    deps.log.event('sign_in.succeeded', { requestId, sub, ...given({ sid }) })
  }

  function giveBack(incoming: EndpointRequest, transaction: Transaction, result: SignedIn): void {
    const { sub, refreshToken, accessToken } = result
    const dpopKey = dpopKeyFor(transaction)
    const tokens = { sub, refreshToken, accessTokens: [accessToken.token], dpopKey }
    interrupted.giveBack(incoming, transaction.remembered, tokens)
  }

  async function finish(
    incoming: EndpointRequest,
    taken: Taken,
    { parameters, form }: Answer,
  ): Promise<Response> {
    const { state, nonce, codeVerifier, startedAt, remembered } = taken.transaction
    const { maxAge, acrValues, prompt } = remembered
    const dpopKey = dpopKeyFor(taken.transaction)
    const result = await deps.provider.redeemCode(form ? { form } : { url: incoming.url }, {
      state,
      nonce,
      codeVerifier,
      issuer: deps.issuer,
      clientId: deps.clientId,
      startedAt,
      ...given({ maxAge, acrValues, prompt, dpopKey }),
    })
    if (result.kind === 'signed-in') {
      return succeeded(incoming, taken, result).catch((cause: unknown) => {
        giveBack(incoming, taken.transaction, result)
        throw cause
      })
    }
    const answeredError = hasError(parameters)
    if (result.error === 'invalid_target') {
      const toldBy = answeredError ? 'browser' : 'provider'
      const again = await withoutResource(incoming, taken.transaction, toldBy)
      if (again) return again
    }
    if (result.code === 'provider_unavailable' && isPageExpired(parameters)) {
      const again = await repeat(incoming, state, remembered)
      if (again) return again
    }
    // Whatever `error` says, the browser brought it: no alarm of ours can be set off by a link (L19).
    return failed(incoming, taken, result, answeredError ? { status: 400, channel: 'browser' } : {})
  }

  return async (incoming) => {
    const form = incoming.request.method === 'POST' ? await readForm(incoming.request) : undefined
    if (typeof form === 'string') return refuse(incoming, form, { loginHref })
    const parameters = form ?? incoming.url.searchParams
    const states = parameters.getAll('state')
    if (states.length > 1) return refuse(incoming, 'bad_request', { loginHref })
    const [state = ''] = states
    const code = parameters.get('code') ?? ''
    let clearCookies: readonly string[] = []
    try {
      const taken = await deps.transactions.take(incoming.cookies, state, code)
      if (taken.kind === 'taken') {
        clearCookies = taken.clearCookies
        return await finish(incoming, taken, { parameters, form })
      }
      incoming.suspicious(taken.used === 'no' ? 'foreign_callback' : 'replayed_callback')
      const kind = hasError(parameters) ? 'error' : 'code'
      return await lost(incoming, taken, { state, kind })
    } catch (cause) {
      const remembered = deps.transactions.recall(state)
      return interrupted.answer(incoming, cause, { remembered, clearCookies })
    }
  }
}

/** What the provider answered; `form` where it was posted. */
interface Answer {
  readonly parameters: URLSearchParams
  readonly form: URLSearchParams | undefined
}

const hasError = (parameters: URLSearchParams) => (parameters.get('error') ?? '') !== ''
