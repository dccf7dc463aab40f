import type { ServerMetadata } from 'openid-client'
import type { OidcSettings } from '../config/oidc.ts'
import type { TokenParameters } from '../config/token-parameters.ts'
import type { Log } from '../telemetry/log.ts'
import { acceptedAlgorithms } from './accepted-algorithms.ts'
import {
  type AskedResources,
  type AskedResourcesDeps,
  createAskedResources,
} from './asked-resources.ts'
import {
  type AuthorizationRequest,
  authorizationUrl,
  createAddressConfigurations,
} from './authorization-request.ts'
import { createClientProofs } from './client-auth.ts'
import { lookAtCredentials } from './credentials-look.ts'
import { createDiscovery } from './discovery.ts'
import { type EndSessionRequest, endSessionUrl } from './end-session-url.ts'
import { type IdTokenClaims, verifyIdToken } from './id-token.ts'
import { createKeySet } from './key-set.ts'
import { logoutPageUrl } from './logout-page-url.ts'
import { type LogoutTokenResult, verifyLogoutToken } from './logout-token.ts'
import { createNonceMemory, type NonceMemory } from './nonce-memory.ts'
import { createOwnCredentials, type OwnCredentials } from './own-credentials.ts'
import { createProviderCalls, type OpenProviderCall } from './provider-call.ts'
import { ProviderError } from './provider-error.ts'
import { createProviderOrigins, type KnownOrigins } from './provider-origins.ts'
import { type ExpectedSignIn, redeemCode, type SignInResult } from './redeem-code.ts'
import { createResourceProbe } from './resource-probe.ts'

export interface ProviderDeps {
  readonly oidc: OidcSettings
  /** Absolute address of the callback. */
  readonly redirectUri: string
  /** Absolute address of the logout callback. */
  readonly postLogoutRedirectUri: string
  /** Of token requests. */
  readonly parameters: TokenParameters
  /** Every request to the provider goes through it. */
  readonly fetch: typeof fetch
  /** Epoch milliseconds, for the age of what is remembered. */
  now(): number
  /**
   * Epoch milliseconds, for the times in tokens, assertions and proofs: those are compared with other
   * people's clocks, so a test that moves `now` leaves it alone. @default Date.now
   */
  wallClock?(): number
  readonly log: Log
  /** Resources (RFC 8707) for which user tokens will be asked; named at sign-in. @default [] */
  readonly resources?: readonly string[]
  /** Told which of them the provider refuses. @default nobody is told */
  readonly onRefusedResources?: AskedResourcesDeps['onRefused']
}

/** The OpenID Provider, as the rest of the engine sees it. Nothing is asked of it before the first use. */
export interface Provider {
  /** One call for openid-client. Rejects with ProviderError when discovery fails. For `tokens/`. */
  readonly call: OpenProviderCall
  /** DPoP nonces of the provider's own endpoints. */
  readonly nonces: NonceMemory
  /** Whether the provider takes our credentials, where its answers leave that open. */
  readonly credentials: OwnCredentials
  /** Rejects with ProviderError. */
  metadata(): Promise<ServerMetadata>
  /** Where a sign-in leads the browser; undefined until the provider was asked. */
  readonly providerOrigins: KnownOrigins['origins']
  /**
   * Where to send the browser for a sign-in. Rejects with ProviderError, but not since the provider does
   * not know a resource: that one is left out, then and for a while.
   */
  authorizationUrl(request: AuthorizationRequest): Promise<URL>
  /** Whether a sign-in that begins now names all resources. */
  readonly resourcesAsked: AskedResources['extent']
  /** After an `invalid_target`: with which resources a sign-in may be tried again. */
  readonly leaveOutResources: AskedResources['leaveOut']
  /** The provider's answer at the callback, from the query or from a form post. */
  redeemCode(
    answer: { url: URL } | { form: URLSearchParams },
    expected: ExpectedSignIn,
  ): Promise<SignInResult>
  /** Undefined when the provider has no end-session endpoint, cannot be reached, or is to be left alone. */
  endSessionUrl(request: EndSessionRequest): Promise<URL | undefined>
  /** Every value of a `prompt`; a provider without a list takes all of them (O5). Rejects with ProviderError. */
  supportsPrompt(prompt: string): Promise<boolean>
  /** All of O2 but the replay of `jti`, which is the caller's. */
  verifyLogoutToken(token: string): Promise<LogoutTokenResult>
  /** An ID token that a refresh brought: signature and claims. Rejects when it is not good. */
  verifyRefreshedIdToken(idToken: string): Promise<IdTokenClaims>
}

/** Composes the provider from its parts: discovery, keys, and one file per protocol step. */
export function createProvider(deps: ProviderDeps): Provider {
  const { oidc, fetch, now, log, wallClock = Date.now } = deps
  const discovery = createDiscovery({ ...oidc, fetch, now, log })
  const signOutPage = typeof oidc.logout === 'object' ? oidc.logout.url : undefined
  const { metadata, origins } = createProviderOrigins(oidc.issuer, discovery, signOutPage)
  const keys = createKeySet({ metadata, fetch, now, log })
  const proofs = createClientProofs(oidc.auth, oidc.assertionAudience)
  const nonces = createNonceMemory()
  const call = createProviderCalls({ oidc, metadata, proofs, nonces, fetch, now, wallClock })
  const credentials = createOwnCredentials({
    look: () => lookAtCredentials({ oidc, redirectUri: deps.redirectUri, call }),
    now,
  })
  const ours = { issuers: oidc.issuers, clientId: oidc.clientId }
  const algorithms = async () => acceptedAlgorithms(oidc, await metadata())
  const configurationOf = createAddressConfigurations(oidc.clientId)
  const urlFor = (request: AuthorizationRequest, resources: readonly string[]) =>
    authorizationUrl(request, {
      ...{ oidc, redirectUri: deps.redirectUri, resources, call, metadata },
      configurationOf,
    })
  const asked = createAskedResources({
    resources: deps.resources ?? [],
    isRefused: createResourceProbe({ authorizationUrl: urlFor, fetch }),
    onRefused: (resources, which) => deps.onRefusedResources?.(resources, which),
    now,
  })
  const { clockToleranceSeconds } = oidc
  const verifying = { keys, wallClock, clockToleranceSeconds }

  return {
    call,
    nonces,
    credentials,
    metadata,
    providerOrigins: origins,
    async authorizationUrl(request) {
      const extent = asked.extent()
      try {
        return await urlFor(request, request.withoutResources ? [] : asked.list())
      } catch (error) {
        const isTarget = error instanceof ProviderError && error.error === 'invalid_target'
        if (!isTarget) throw error
        const left = await asked.leaveOut('provider', extent)
        if (left === 'nothing-asked') throw error
        return urlFor(request, left === 'none' ? [] : asked.list())
      }
    },
    resourcesAsked: asked.extent,
    leaveOutResources: asked.leaveOut,
    async redeemCode(answer, expected) {
      const parameters = 'url' in answer ? answer.url.searchParams : answer.form
      const result = await redeemCode(parameters, expected, { ...deps, ...verifying, call })
      if (result.kind === 'signed-in') credentials.worked()
      return result
    },
    async endSessionUrl(request) {
      const { postLogoutRedirectUri } = deps
      const { logout, clientId } = oidc
      if (typeof logout === 'boolean') {
        return logout ? endSessionUrl(request, { postLogoutRedirectUri, call }) : undefined
      }
      const { idTokenHint: idToken, state } = request
      return logoutPageUrl(logout, { clientId, postLogoutRedirectUri, idToken, state })
    },
    async supportsPrompt(prompt) {
      const { prompt_values_supported: supported } = await metadata()
      if (!Array.isArray(supported)) return true
      return prompt.split(' ').every((value) => supported.includes(value))
    },
    verifyLogoutToken: (token) => verifyLogoutToken(token, { ...ours, algorithms }, verifying),
    verifyRefreshedIdToken: async (idToken) =>
      verifyIdToken(idToken, { ...ours, algorithms: await algorithms() }, verifying),
  }
}
