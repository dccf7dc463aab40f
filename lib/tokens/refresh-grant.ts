import { createHash } from 'node:crypto'
import * as client from 'openid-client'
import type { OidcSettings } from '../config/settings.ts'
import type { AddedParameters } from '../config/token-parameters.ts'
import { type CallFailure, callFailure, mismatchedClaim } from '../oidc/call-failure.ts'
import { type GrantedToken, grantedToken } from '../oidc/granted-token.ts'
import type { Provider } from '../oidc/provider.ts'
import type { ProviderCall } from '../oidc/provider-call.ts'
import { ProviderError, plainCause } from '../oidc/provider-error.ts'
import { tokenLimitMs } from '../oidc/provider-fetch.ts'
import { createBoundedMap } from '../store/bounded-map.ts'
import { readRefusal } from './refresh-refusal.ts'

export interface RefreshGrantRequest {
  refreshToken: string
  /** RFC 8707: another API than the sign-in's own token is for. */
  resource?: string
  scope?: string
  /** By the hook `tokenRequest`. */
  added?: AddedParameters
  /** Private JWK that the session's tokens are bound to. */
  dpopKey?: JsonWebKey
  /** Whose session it is: a new ID token must say the same. */
  expected: { sub: string; issuer: string }
}

/**
 * What became of a refresh (T5). Causes hold no token.
 * - `rejected`: the refresh token is dead, the session ends.
 * - `unavailable`: no usable answer; the session stays, after a cool-down it may be tried again.
 * - `misconfigured`: the provider refuses us, not the user; the session stays.
 * - `refused-target`: it gives no token for this resource or scope; the session stays.
 */
export type RefreshOutcome =
  | {
      kind: 'refreshed'
      accessToken: GrantedToken
      /** Absent: the old one goes on working. */
      refreshToken?: string
      idToken?: string
      /** Of the new ID token, verified; absent when there is none. */
      claims?: Record<string, unknown>
    }
  | { kind: 'rejected'; error?: string; status?: number }
  | { kind: 'unavailable'; error?: string; status?: number; cause?: unknown }
  | { kind: 'misconfigured'; error?: string; status?: number }
  | { kind: 'refused-target'; error?: string; status?: number }

export type RefreshGrant = (request: RefreshGrantRequest) => Promise<RefreshOutcome>

export interface RefreshGrantDeps {
  provider: Pick<Provider, 'call' | 'verifyRefreshedIdToken' | 'credentials'>
  oidc: OidcSettings
  now(): number
}

/** The refresh_token grant (RFC 6749 section 6, OpenID Connect Core section 12). Never rejects. */
export function createRefreshGrant(deps: RefreshGrantDeps): RefreshGrant {
  const { credentials } = deps.provider
  // When each refresh token was first refused without a reason: by hashes, all of one size.
  const unclearSince = createBoundedMap<number>({ maxWeight: 10_000, weigh: () => 1 })

  /** A refusal without a reason is the token's fault only if it is not our own (T20). */
  async function clear(refreshToken: string, failure: CallFailure): Promise<RefreshOutcome> {
    const name = createHash('sha256').update(refreshToken).digest('base64url')
    const since = unclearSince.get(name) ?? deps.now()
    unclearSince.set(name, since)
    const standing = await credentials.standing(since)
    if (standing === 'good') return { kind: 'rejected', ...detailOf(failure) }
    if (standing === 'bad') return { kind: 'misconfigured', ...detailOf(failure) }
    const cause = new Error('the refusal does not say whether it is the token or our credentials')
    return { kind: 'unavailable', ...detailOf(failure), cause }
  }

  return async (request) => {
    // A session from before the issuer was changed: its refresh token is no business of the new one.
    if (request.expected.issuer !== deps.oidc.issuer) return anotherIssuer
    let call: ProviderCall | undefined
    try {
      call = await deps.provider.call({ limitMs: tokenLimitMs })
      const answer = await client.refreshTokenGrant(
        call.configuration,
        request.refreshToken,
        parametersOf(request, deps.oidc),
        request.dpopKey ? { DPoP: await call.dpop(request.dpopKey) } : undefined,
      )
      credentials.worked()
      return await accept(answer, request, deps.provider)
    } catch (error) {
      // OpenID Connect Core section 12.2: another issuer's identity is not mixed into the session.
      if (mismatchedClaim(error) === 'iss') return idTokenMismatch
      const failure = callFailure(error, call?.answer ?? { sent: false })
      const asked = isOwnGrant(request) ? 'sign-in’s own grant' : 'another target'
      const refusal = readRefusal(failure, asked)
      if (refusal === 'unclear') return clear(request.refreshToken, failure)
      return { kind: kindOf[refusal], ...detailOf(failure), ...causeOf(refusal, failure) }
    }
  }
}

function parametersOf(
  { resource, scope, added }: RefreshGrantRequest,
  { refreshParams }: OidcSettings,
): Record<string, string> {
  return {
    ...refreshParams,
    ...added,
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { scope }),
  }
}

async function accept(
  answer: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
  { dpopKey, expected }: RefreshGrantRequest,
  provider: RefreshGrantDeps['provider'],
): Promise<RefreshOutcome> {
  const accessToken = grantedToken(answer, dpopKey ? 'dpop' : 'bearer')
  if (!accessToken) {
    return {
      kind: 'unavailable',
      status: 200,
      cause: new Error('another token type was asked for'),
    }
  }
  const claims = answer.claims()
  if (claims && (claims.sub !== expected.sub || claims.iss !== expected.issuer)) {
    return idTokenMismatch
  }
  const refreshToken =
    answer.refresh_token === undefined ? {} : { refreshToken: answer.refresh_token }
  const identity = answer.id_token === undefined ? {} : await identityOf(answer.id_token, provider)
  return { kind: 'refreshed', accessToken, ...refreshToken, ...identity }
}

async function identityOf(idToken: string, provider: RefreshGrantDeps['provider']) {
  try {
    return { idToken, claims: await provider.verifyRefreshedIdToken(idToken) }
  } catch (error) {
    // Without keys the new claims cannot be believed; but the tokens are good, and the old refresh
    // token may be consumed already.
    if (error instanceof ProviderError) return {}
    throw error
  }
}

const kindOf = {
  dead: 'rejected',
  target: 'refused-target',
  misconfigured: 'misconfigured',
  unavailable: 'unavailable',
} as const

function isOwnGrant({ resource, scope, added = {} }: RefreshGrantRequest): boolean {
  const asked = { ...added, ...(resource && { resource }), ...(scope && { scope }) }
  return !('resource' in asked) && !('scope' in asked)
}

function detailOf({ status, error }: CallFailure) {
  return {
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
  }
}

function causeOf(refusal: string, { cause }: CallFailure) {
  return refusal === 'unavailable' ? { cause: plainCause(cause) } : {}
}

const anotherIssuer = {
  kind: 'rejected',
  error: 'another_issuer',
} as const satisfies RefreshOutcome

const idTokenMismatch = {
  kind: 'rejected',
  status: 200,
  error: 'id_token_mismatch',
} as const satisfies RefreshOutcome
