import * as client from 'openid-client'
import type { OidcSettings } from '../config/oidc.ts'
import { askedScope } from './asked-scope.ts'
import { callFailure, toProviderError } from './call-failure.ts'
import type { Discovery } from './discovery.ts'
import { forLatest } from './for-latest.ts'
import type { OpenProviderCall } from './provider-call.ts'
import { ProviderError } from './provider-error.ts'
import { callLimitMs, isLoopbackHttp, type ProviderAnswer } from './provider-fetch.ts'

/** What one sign-in adds to the settings. */
export interface AuthorizationRequest {
  readonly state: string
  readonly nonce: string
  /** S256 (RFC 7636). */
  readonly codeChallenge: string
  readonly prompt?: string
  readonly loginHint?: string
  readonly acrValues?: string
  /** Seconds. */
  readonly maxAge?: number
  readonly uiLocales?: string
  /** More parameters, before those of the settings and behind ours. */
  readonly passedOn?: Readonly<Record<string, string>>
  /** It was refused for one of them, and nobody knows for which. */
  readonly withoutResources?: boolean
  /** Thumbprint of the key that the code will be bound to (RFC 9449 section 10). */
  readonly dpopJkt?: string
  /** In place of ours, to see what the provider makes of it. */
  readonly redirectUri?: string
  /** The private key itself: a pushed request then carries a proof as well. */
  readonly dpopKey?: JsonWebKey
}

export interface AuthorizationRequestDeps {
  readonly oidc: OidcSettings
  readonly redirectUri: string
  /** RFC 8707: every resource for which tokens will be asked later must be named here. */
  readonly resources: readonly string[]
  readonly call: OpenProviderCall
  readonly metadata: Discovery
  /** For addresses only: nothing is sent with it. */
  readonly configurationOf: (metadata: client.ServerMetadata) => client.Configuration
}

/** Beyond it the head of the answer that names it would not fit into the 4 KB that nginx has for one. */
export const longestAddress = 2800

/**
 * The address to send the browser to. With PAR (RFC 9126), when the provider requires it or the
 * setting asks for it, it carries `client_id` and `request_uri` only (L12); one that would be too long is
 * pushed too, where the provider can (L27).
 */
export async function authorizationUrl(
  request: AuthorizationRequest,
  deps: AuthorizationRequestDeps,
): Promise<URL> {
  const metadata = await deps.metadata()
  const parameters = parametersOf(request, deps, askedScope(deps.oidc, metadata))
  let answer: ProviderAnswer = { sent: false }
  const push = async () => {
    if (!metadata.pushed_authorization_request_endpoint) throw nowhereToPush
    const call = await deps.call({ limitMs: callLimitMs })
    answer = call.answer
    const proof = request.dpopKey ? { DPoP: await call.dpop(request.dpopKey) } : undefined
    return call.send(() =>
      client.buildAuthorizationUrlWithPAR(call.configuration, parameters, proof),
    )
  }
  try {
    if (deps.oidc.par || metadata.require_pushed_authorization_requests === true) {
      return await push()
    }
    const address = client.buildAuthorizationUrl(deps.configurationOf(metadata), parameters)
    const fits = address.href.length <= longestAddress
    if (fits || !metadata.pushed_authorization_request_endpoint) return address
    return await push().catch(() => address)
  } catch (error) {
    throw toProviderError(callFailure(error, answer))
  }
}

const nowhereToPush = new ProviderError('provider_misconfigured', {
  cause: new Error('pushed requests are asked for, and the provider has no endpoint for them'),
  fix: 'take oidc.par out, or name the endpoint in oidc.endpoints.par',
})

function parametersOf(
  request: AuthorizationRequest,
  { oidc, redirectUri, resources }: AuthorizationRequestDeps,
  scope: string,
): URLSearchParams {
  // The extra parameters come first: a setting must not replace what protects the sign-in.
  const parameters = new URLSearchParams({ ...oidc.params, ...request.passedOn })
  const set = (name: string, value: string | number | undefined) => {
    if (value !== undefined) parameters.set(name, String(value))
  }
  set('client_id', oidc.clientId)
  set('response_type', 'code')
  set('redirect_uri', request.redirectUri ?? redirectUri)
  set('scope', scope)
  set('state', request.state)
  set('nonce', request.nonce)
  set('code_challenge', request.codeChallenge)
  set('code_challenge_method', 'S256')
  if (oidc.responseMode === 'form_post') set('response_mode', 'form_post')
  set('prompt', request.prompt)
  set('login_hint', request.loginHint)
  set('acr_values', request.acrValues)
  set('max_age', request.maxAge)
  set('ui_locales', request.uiLocales)
  set('dpop_jkt', request.dpopJkt)
  for (const resource of resources) parameters.append('resource', resource)
  return parameters
}

/** For addresses only: a configuration takes a copy of the provider's whole document, so it is made once for each. */
export const createAddressConfigurations = (clientId: string) =>
  forLatest((metadata: client.ServerMetadata): client.Configuration => {
    const configuration = new client.Configuration(metadata, clientId)
    if (isLoopbackHttp(new URL(metadata.issuer))) client.allowInsecureRequests(configuration)
    return configuration
  })
