import { createHash, randomBytes } from 'node:crypto'
import type { ReturnUrl } from '../http/return-url.ts'
import type { Provider } from '../oidc/provider.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Transaction, Transactions } from '../session/transaction.ts'
import type { Log } from '../telemetry/log.ts'
import { type EndpointRequest, redirect } from './endpoint.ts'

export interface SignInRequest {
  readonly returnUrl: ReturnUrl
  readonly prompt?: string
  readonly loginHint?: string
  readonly acrValues?: string
  readonly maxAge?: number
  readonly uiLocales?: string
  readonly silent?: boolean
  readonly withoutResources?: boolean
  /** This sign-in replaces one whose transaction was lost. Its own loss then ends in a page (L11). */
  readonly restart?: boolean
}

export interface StartSignInDeps {
  readonly provider: Provider
  readonly sessions: Pick<Sessions, 'read'>
  readonly transactions: Transactions
  readonly issuer: string
  readonly clientId: string
  /** With DPoP for user tokens: a new key for the session to be. */
  readonly createDpopKey?: () => Promise<{ key: JsonWebKey; thumbprint: string }>
  readonly log: Log
}

/** Marks the `state` of a restarted sign-in. It works without cookies, and forging it gains nothing. */
const restartMark = '.r'

export const isRestart = (state: string): boolean => state.endsWith(restartMark)

/** Sends the browser to the provider, with state, nonce and PKCE of 32 random bytes each (L1). */
export function createStartSignIn(deps: StartSignInDeps) {
  return async (incoming: EndpointRequest, wanted: SignInRequest): Promise<Response> => {
    const { returnUrl, silent, restart, ...passedOn } = wanted
    const onForged = () => incoming.suspicious('forged_ticket')
    const read = await deps.sessions.read(incoming.cookies, 'peek', onForged)
    const dpop = await deps.createDpopKey?.()
    const state = `${random()}${restart ? restartMark : ''}`
    const transaction: Transaction = {
      state,
      nonce: random(),
      codeVerifier: random(),
      returnUrl,
      issuer: deps.issuer,
      clientId: deps.clientId,
      ...(wanted.maxAge === undefined ? {} : { maxAge: wanted.maxAge }),
      ...(wanted.acrValues === undefined ? {} : { acrValues: wanted.acrValues }),
      ...(wanted.prompt === undefined ? {} : { prompt: wanted.prompt }),
      ...(silent ? { silent } : {}),
      ...(read.kind === 'session' ? { previous: read.session.key } : {}),
      ...(dpop === undefined ? {} : { dpopKey: dpop.key }),
    }
    const location = await deps.provider.authorizationUrl({
      ...passedOn,
      state,
      nonce: transaction.nonce,
      codeChallenge: createHash('sha256').update(transaction.codeVerifier).digest('base64url'),
      ...(dpop === undefined ? {} : { dpopJkt: dpop.thumbprint, dpopKey: dpop.key }),
    })
    const cookies = await deps.transactions.start(incoming.cookies, transaction)
    deps.log.event('sign_in.started', {
      requestId: incoming.requestId,
      restart: restart ?? false,
    })
    return redirect(302, location.href, cookies)
  }
}

export type StartSignIn = ReturnType<typeof createStartSignIn>

function random(): string {
  return randomBytes(32).toString('base64url')
}
