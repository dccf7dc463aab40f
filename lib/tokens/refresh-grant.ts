import * as client from 'openid-client'
import type { OidcSettings } from '../config/oidc.ts'
import type { AddedParameters } from '../config/token-parameters.ts'
import { given } from '../http/given.ts'
import type { CallFailure } from '../oidc/call-failure.ts'
import { type GrantedToken, grantedToken } from '../oidc/granted-token.ts'
import type { Provider } from '../oidc/provider.ts'
import { plainCause } from '../oidc/provider-error.ts'
import type { TokenAnswer } from '../oidc/token-answer.ts'
import { type RefreshKind, readRefusal } from './refresh-refusal.ts'
import { isForeign } from './refreshed-identity.ts'
import { requestTokens } from './token-request.ts'
import { createUnclearRefusals } from './unclear-refusals.ts'

export interface RefreshGrantRequest {
  readonly refreshToken: string
  /** RFC 8707: another API than the sign-in's own token is for. */
  readonly resource?: string
  readonly scope?: string
  /** By the hook `tokenRequest`. */
  readonly added?: AddedParameters
  /** Private JWK that the session's tokens are bound to. */
  readonly dpopKey?: JsonWebKey
  /** Whose session it is: a new ID token must say the same. */
  readonly expected: { readonly sub: string; readonly issuer: string }
}

/**
 * What became of a refresh (T5). Causes hold no token.
 * - `refreshed`: there are new tokens, to be saved before anything else is judged (T22).
 * - `foreign`: the tokens are another user's, or another issuer's (OpenID Connect Core section 12.2).
 * - `rejected`: the refresh token is dead, the session ends.
 * - `unavailable`: no usable answer; the session stays, after a cool-down it may be tried again.
 * - `misconfigured`: the provider refuses us, not the user; the session stays.
 * - `refused-additions`: it gives no token for what settings, a remote or a hook added; the session stays.
 */
export type RefreshOutcome =
  | {
      readonly kind: 'refreshed'
      /** Undefined when it is of another type than was asked for: no call may bear it. */
      readonly accessToken: GrantedToken | undefined
      /** All that was obtained, for the case that it has to be revoked. */
      readonly tokens: TokenAnswer
    }
  | {
      readonly kind: 'foreign'
      readonly tokens: TokenAnswer
      readonly error: string
      readonly status: number
    }
  | { readonly kind: 'rejected'; readonly error?: string; readonly status?: number }
  | {
      readonly kind: 'unavailable'
      readonly error?: string
      readonly status?: number
      readonly cause?: unknown
    }
  | {
      readonly kind: 'misconfigured'
      readonly refused: 'client' | 'request'
      readonly error?: string
      readonly status?: number
      readonly cause?: unknown
    }
  | {
      readonly kind: 'refused-additions'
      readonly additions: AddedParameters
      readonly error?: string
      readonly status?: number
    }

export type RefreshGrant = (request: RefreshGrantRequest) => Promise<RefreshOutcome>

export interface RefreshGrantDeps {
  readonly provider: Pick<Provider, 'call' | 'credentials'>
  readonly oidc: OidcSettings
  now(): number
}

/** The refresh_token grant (RFC 6749 section 6, OpenID Connect Core section 12). Never rejects. */
export function createRefreshGrant(deps: RefreshGrantDeps): RefreshGrant {
  const { credentials } = deps.provider
  const unclear = createUnclearRefusals(deps.now)

  async function redeem(request: RefreshGrantRequest): Promise<Redeemed> {
    const parameters = parametersOf(request, deps.oidc)
    const { refreshToken } = request
    const answer = await requestTokens(
      deps.provider,
      {
        dpopKey: request.dpopKey,
        grant: (configuration, proof) =>
          client.refreshTokenGrant(configuration, refreshToken, parameters, proof),
      },
      (tokens) => {
        credentials.worked()
        unclear.forget(refreshToken)
        return outcomeOf(tokens, request)
      },
    )
    if (answer.kind === 'read') return { outcome: answer.value }
    const { failure } = answer
    const refusal = readRefusal(failure, kindOfRequest(parameters))
    if (refusal === 'unclear') return { unclear: failure }
    if (refusal === 'additions') {
      const additions = parameters
      return { outcome: { kind: 'refused-additions', additions, ...detailOf(failure) } }
    }
    if (refusal === 'misconfigured') {
      const refused = failure.kind === 'misconfigured' ? 'client' : 'request'
      const cause = plainCause(failure.cause)
      return { outcome: { kind: 'misconfigured', refused, ...detailOf(failure), cause } }
    }
    if (refusal === 'dead') return { outcome: { kind: 'rejected', ...detailOf(failure) } }
    const cause = plainCause(failure.cause)
    return { outcome: { kind: 'unavailable', ...detailOf(failure), cause } }
  }

  /**
   * A refusal without a reason is the token's fault only if it is not our own (T20), and if it comes twice:
   * a stray page of what stands before the provider looks the same.
   */
  async function clear(
    request: RefreshGrantRequest,
    failure: CallFailure,
  ): Promise<RefreshOutcome> {
    const standing = await credentials.standing(unclear.since(request.refreshToken))
    if (standing === 'bad') {
      return { kind: 'misconfigured', refused: 'client', ...detailOf(failure) }
    }
    if (standing === 'good') {
      const again = await redeem(request)
      return again.outcome ?? { kind: 'rejected', ...detailOf(again.unclear) }
    }
    const cause = new Error('the refusal does not say whether it is the token or our credentials')
    return { kind: 'unavailable', ...detailOf(failure), cause }
  }

  return async (request) => {
    // A session from before the issuer was changed: its refresh token is no business of the new one.
    if (!deps.oidc.issuers.includes(request.expected.issuer)) return anotherIssuer
    const redeemed = await redeem(request)
    return redeemed.outcome ?? clear(request, redeemed.unclear)
  }
}

type Redeemed =
  | { readonly outcome: RefreshOutcome }
  | { readonly outcome?: never; readonly unclear: CallFailure }

function parametersOf(
  { resource, scope, added }: RefreshGrantRequest,
  { refreshParams }: OidcSettings,
): Record<string, string> {
  return {
    ...refreshParams,
    ...added,
    ...given({ resource, scope }),
  }
}

function outcomeOf(tokens: TokenAnswer, request: RefreshGrantRequest): RefreshOutcome {
  if (tokens.idToken !== undefined && isForeign(tokens.idToken, request.expected)) {
    return { kind: 'foreign', tokens, status: 200, error: 'id_token_mismatch' }
  }
  const accessToken = grantedToken(tokens, request.dpopKey ? 'dpop' : 'bearer')
  return { kind: 'refreshed', tokens, accessToken }
}

/** By what was really sent: settings and hooks add to it as remotes do. */
function kindOfRequest(parameters: AddedParameters): RefreshKind {
  return Object.keys(parameters).length > 0 ? 'with additions' : 'sign-in’s own grant'
}

function detailOf({ status, error }: CallFailure) {
  return given({ status, error })
}

const anotherIssuer = {
  kind: 'rejected',
  error: 'another_issuer',
} as const satisfies RefreshOutcome
