import { given } from '../http/given.ts'
import { type ReturnUrl, shorter } from '../http/return-url.ts'
import { sha256 } from '../http/sha256.ts'
import { longestAddress } from '../oidc/authorization-request.ts'
import { dpopKeyOf, dpopThumbprint } from '../oidc/dpop-key.ts'
import { tellImpossible } from '../oidc/impossible-sign-in.ts'
import type { Provider } from '../oidc/provider.ts'
import { ProviderError } from '../oidc/provider-error.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Remembered, Transactions } from '../session/transaction.ts'
import type { Log } from '../telemetry/log.ts'
import { type EndpointRequest, redirect } from './endpoint.ts'
import { refuse } from './refusal.ts'

export interface SignInRequest extends Remembered {
  readonly returnUrl: ReturnUrl
  readonly loginHint?: string
  readonly uiLocales?: string
  /** By the setting `oidc.loginParams`. */
  readonly passedOn?: Readonly<Record<string, string>>
  readonly withoutResources?: boolean
  /** The `state` of the sign-in that this one takes up again. */
  readonly inPlaceOf?: string
}

export interface StartSignInDeps {
  readonly provider: Pick<Provider, 'authorizationUrl' | 'resourcesAsked'>
  readonly sessions: Pick<Sessions, 'read'>
  readonly transactions: Transactions
  /** A DPoP key for the session to be. */
  readonly dpop: 'dpop' | 'bearer'
  readonly log: Log
  readonly loginHref: string
}

/** Sends the browser to the provider, with state, nonce and PKCE of 32 random bytes each (L1). */
export function createStartSignIn(deps: StartSignInDeps) {
  async function begin(incoming: EndpointRequest, wanted: SignInRequest) {
    const {
      loginHint,
      uiLocales,
      passedOn,
      withoutResources,
      inPlaceOf,
      fewerResources: _,
      ...remembered
    } = wanted
    const fewer = withoutResources || deps.provider.resourcesAsked() === 'fewer'
    const onForged = () => incoming.suspicious('forged_ticket')
    const read = await deps.sessions.read(incoming.cookies, 'peek', onForged)
    const { transaction, setCookie } = deps.transactions.begin(
      incoming.cookies,
      {
        ...remembered,
        ...(read.kind === 'session' ? { previous: read.session.key } : {}),
        ...(deps.dpop === 'dpop' ? { dpop: true } : {}),
        ...(fewer ? { fewerResources: true } : {}),
      },
      inPlaceOf,
    )
    const { state, nonce, codeVerifier } = transaction
    const { prompt, acrValues, maxAge } = wanted
    const asked = deps.provider.authorizationUrl({
      state,
      nonce,
      codeChallenge: sha256(codeVerifier),
      ...given({ prompt, acrValues, maxAge, loginHint, uiLocales, passedOn }),
      ...(withoutResources ? { withoutResources } : {}),
      ...(deps.dpop === 'dpop' ? await dpopBinding(transaction.dpopSeed()) : {}),
    })
    const location = await asked.catch((error: unknown) => {
      const isOurs = error instanceof ProviderError && error.code === 'provider_misconfigured'
      if (isOurs) tellImpossible(deps.log, error)
      throw error
    })
    return { location, setCookie }
  }

  return async (incoming: EndpointRequest, wanted: SignInRequest): Promise<Response> => {
    for (const returnUrl of shorter(wanted.returnUrl)) {
      const { location, setCookie } = await begin(incoming, { ...wanted, returnUrl })
      if (location.href.length > longestAddress) continue
      const { requestId } = incoming
      deps.log.event('sign_in.started', { requestId, restart: wanted.restart ?? false })
      // After a form only 303 says that what follows is a GET (RFC 9110 section 15.4.4).
      const status = incoming.request.method === 'POST' ? 303 : 302
      return redirect(status, location.href, [setCookie])
    }
    return refuse(incoming, 'bad_request', { loginHref: deps.loginHref })
  }
}

export type StartSignIn = ReturnType<typeof createStartSignIn>

async function dpopBinding(seed: Uint8Array) {
  const dpopKey = dpopKeyOf(seed)
  return { dpopKey, dpopJkt: await dpopThumbprint(dpopKey) }
}
