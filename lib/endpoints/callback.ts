import { randomBytes } from 'node:crypto'
import { parseReturnUrl, type ReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import type { Provider } from '../oidc/provider.ts'
import type { SignInResult } from '../oidc/redeem-code.ts'
import type { ClaimsPolicy } from '../session/claims.ts'
import type { Session, SessionRecord } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Transaction, Transactions } from '../session/transaction.ts'
import type { Log, SuspiciousRequest } from '../telemetry/log.ts'
import type { EndSession } from './end-session.ts'
import { type Endpoint, type EndpointRequest, redirect } from './endpoint.ts'
import { readForm } from './form.ts'
import { refuse } from './refusal.ts'
import { signInMisconfigurations } from './sign-in-misconfigurations.ts'
import { silentLoginPage } from './silent-login-page.ts'
import { isRestart, type StartSignIn } from './start-sign-in.ts'

export interface CallbackDeps {
  readonly provider: Pick<Provider, 'redeemCode' | 'leaveOutResources'>
  readonly sessions: Sessions
  readonly transactions: Transactions
  readonly startSignIn: StartSignIn
  readonly endSession: EndSession
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
  readonly askedScope: string
  readonly marginSeconds: number
  readonly loginHref: string
}

type SignedIn = Extract<SignInResult, { kind: 'signed-in' }>
type NotSignedIn = Extract<SignInResult, { kind: 'failed' }>

/** What a provider answers to `prompt=none` when it would have to show something. */
const needsInteraction = /^(login|interaction|consent|account_selection)_required$/

/** `GET,POST /bff/callback`: redeems the code, once, for the browser that began the sign-in. */
export function createCallback(deps: CallbackDeps): Endpoint {
  const { loginHref } = deps

  /** No transaction: begun in another browser, expired, or used. Start again once, then say so (L11). */
  async function lost(incoming: EndpointRequest, state: string): Promise<Response> {
    if (incoming.request.headers.get('sec-fetch-dest') === 'iframe') {
      return silentLoginPage(false, deps.returnUrls.publicOrigin)
    }
    const start = '/' as ReturnUrl
    const read = await deps.sessions.read(incoming.cookies, 'peek')
    if (read.kind === 'session') return redirect(303, start)
    if (isRestart(state)) return refuse(incoming, 'sign_in_lost', { loginHref })
    return deps.startSignIn(incoming, { returnUrl: start, restart: true })
  }

  function failed(
    incoming: EndpointRequest,
    transaction: Transaction,
    result: NotSignedIn,
    clearCookie: string,
  ): Response {
    const { requestId } = incoming
    const { code, error, cause } = result
    deps.log.event('sign_in.failed', {
      requestId,
      code,
      ...(error === undefined ? {} : { error }),
      ...(cause === undefined ? {} : { cause }),
    })
    if (transaction.silent) {
      return silentLoginPage(false, deps.returnUrls.publicOrigin, [clearCookie])
    }
    const returnUrl = parseReturnUrl(transaction.returnUrl, deps.returnUrls)
    if (transaction.prompt === 'none' && needsInteraction.test(error ?? '') && returnUrl) {
      return redirect(303, returnUrl, [clearCookie])
    }
    return refuse(incoming, code, { loginHref, setCookies: [clearCookie] })
  }

  /** The provider does not know the resource of some remote: once more, without it (T15). */
  async function withoutResource(
    incoming: EndpointRequest,
    transaction: Transaction,
    toldBy: 'provider' | 'browser',
    clearCookie: string,
  ): Promise<Response | undefined> {
    const returnUrl = parseReturnUrl(transaction.returnUrl, deps.returnUrls)
    if (isRestart(transaction.state) || returnUrl === undefined) return undefined
    const left = await deps.provider.leaveOutResources(toldBy)
    if (left === 'nothing-asked') return undefined
    const { prompt, acrValues, maxAge, silent } = transaction
    const response = await deps.startSignIn(incoming, {
      returnUrl,
      restart: true,
      ...(left === 'none' ? { withoutResources: true } : {}),
      ...(prompt === undefined ? {} : { prompt }),
      ...(acrValues === undefined ? {} : { acrValues }),
      ...(maxAge === undefined ? {} : { maxAge }),
      ...(silent === undefined ? {} : { silent }),
    })
    response.headers.append('set-cookie', clearCookie)
    return response
  }

  async function endPrevious(
    incoming: EndpointRequest,
    transaction: Transaction,
    next: Session,
  ): Promise<void> {
    const read = await deps.sessions.read(incoming.cookies, 'peek')
    const sent = read.kind === 'session' ? read.session.key : undefined
    for (const key of new Set([transaction.previous, sent])) {
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
    transaction: Transaction,
    result: SignedIn,
    clearCookie: string,
  ): Promise<Response> {
    const returnUrl = parseReturnUrl(transaction.returnUrl, deps.returnUrls)
    if (returnUrl === undefined) return refuse(incoming, 'bad_return_url', { loginHref })
    const claims = await deps.claims(result.claims, 'sign-in')
    const record = recordOf(deps, transaction, result, claims, await deps.signInSlot())
    const { session, setCookie } = await deps.sessions.create(record)
    await endPrevious(incoming, transaction, session)
    for (const it of signInMisconfigurations({
      askedScope: deps.askedScope,
      hasRefreshToken: result.refreshToken !== undefined,
      accessTokenLifetime: result.accessToken.expiresInSeconds,
      margin: deps.marginSeconds,
      issuedAt: result.claims.iat,
      now: Date.now() / 1000,
    })) {
      deps.log.event('misconfiguration', it)
    }
    deps.log.event('sign_in.succeeded', {
      requestId: incoming.requestId,
      sub: result.sub,
      ...(result.sid === undefined ? {} : { sid: result.sid }),
    })
    const cookies = [setCookie, clearCookie]
    return transaction.silent
      ? silentLoginPage(true, deps.returnUrls.publicOrigin, cookies)
      : redirect(303, returnUrl, cookies)
  }

  return async (incoming) => {
    const form = incoming.request.method === 'POST' ? await readForm(incoming.request) : undefined
    if (form === 'invalid') return refuse(incoming, 'bad_request', { loginHref })
    const parameters = form ?? incoming.url.searchParams
    const states = parameters.getAll('state')
    if (states.length > 1) return refuse(incoming, 'bad_request', { loginHref })
    const state = states[0] ?? ''
    let looksLike: SuspiciousRequest = 'foreign_callback'
    const taken = await deps.transactions.take(incoming.cookies, state, () => {
      looksLike = 'replayed_callback'
    })
    if (!taken) {
      incoming.suspicious(looksLike)
      return lost(incoming, state)
    }
    const { transaction, startedAt, clearCookie } = taken
    if (transaction.issuer !== deps.issuer || transaction.clientId !== deps.clientId) {
      return lost(incoming, state)
    }
    const { nonce, codeVerifier, issuer, clientId, maxAge, acrValues, dpopKey } = transaction
    const result = await deps.provider.redeemCode(form ? { form } : { url: incoming.url }, {
      state,
      nonce,
      codeVerifier,
      issuer,
      clientId,
      startedAt,
      ...(maxAge === undefined ? {} : { maxAge }),
      ...(acrValues === undefined ? {} : { acrValues }),
      ...(dpopKey === undefined ? {} : { dpopKey }),
    })
    if (result.kind === 'failed' && result.error === 'invalid_target') {
      const toldBy = parameters.has('error') ? 'browser' : 'provider'
      const again = await withoutResource(incoming, transaction, toldBy, clearCookie)
      if (again) return again
    }
    return result.kind === 'failed'
      ? failed(incoming, transaction, result, clearCookie)
      : succeeded(incoming, transaction, result, clearCookie)
  }
}

function recordOf(
  deps: CallbackDeps,
  { dpopKey }: Transaction,
  result: SignedIn,
  claims: Record<string, unknown>,
  slot: string,
): SessionRecord {
  const now = deps.now()
  const { token, type, expiresInSeconds, scope } = result.accessToken
  return {
    issuer: deps.issuer,
    clientId: deps.clientId,
    sub: result.sub,
    ...(result.sid === undefined ? {} : { sid: result.sid }),
    handle: randomBytes(16).toString('base64url'),
    claims,
    idToken: result.idToken,
    ...(result.sessionState === undefined ? {} : { sessionState: result.sessionState }),
    ...(result.authTime === undefined ? {} : { authTime: result.authTime }),
    createdAt: now,
    absoluteAt: now + deps.absoluteSeconds * 1000,
    ...(result.refreshToken === undefined ? {} : { refreshToken: result.refreshToken }),
    accessTokens: {
      [slot]: {
        token,
        type,
        obtainedAt: now,
        ...(expiresInSeconds === undefined ? {} : { expiresAt: now + expiresInSeconds * 1000 }),
        ...(scope === undefined ? {} : { scope }),
      },
    },
    ...(dpopKey === undefined ? {} : { dpopKey }),
  }
}
