import * as client from 'openid-client'
import type { OidcSettings } from '../config/oidc.ts'
import type { TokenParameters } from '../config/token-parameters.ts'
import { given } from '../http/given.ts'
import type { Log } from '../telemetry/log.ts'
import { acceptedAlgorithms } from './accepted-algorithms.ts'
import { AnsweredError } from './answered-error.ts'
import { parseAuthorizationResponse } from './authorization-response.ts'
import { callFailure, failureCodes } from './call-failure.ts'
import { type GrantedToken, grantedToken } from './granted-token.ts'
import { type IdTokenClaims, verifyIdToken } from './id-token.ts'
import type { KeySet } from './key-set.ts'
import { isOfflineToken } from './offline-token.ts'
import type { OpenProviderCall } from './provider-call.ts'
import { ProviderError, plainCause } from './provider-error.ts'
import { tokenLimitMs } from './provider-fetch.ts'
import { requiredAcr } from './required-acr.ts'
import type { TokenAnswer } from './token-answer.ts'
import { type RefusedClaim, shown, TokenRefusal } from './token-refusal.ts'
import { fetchUserInfo } from './user-info.ts'
import { wantedUserInfo } from './wanted-user-info.ts'

/** What the login transaction remembers, for the answer to be checked against. */
export interface ExpectedSignIn {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly issuer: string
  readonly clientId: string
  /** Epoch milliseconds at which the sign-in began; `max_age` counts back from there. */
  readonly startedAt?: number
  /** Seconds, when the request asked for it: `auth_time` is then required. */
  readonly maxAge?: number
  /** When the request asked for it: an `acr` that is none of these fails the sign-in. */
  readonly acrValues?: string
  /** When the request asked for one. */
  readonly prompt?: string
  /** Private JWK: the tokens must be bound to it (RFC 9449). */
  readonly dpopKey?: JsonWebKey
}

export type SignInResult =
  | {
      readonly kind: 'signed-in'
      readonly sub: string
      /** `iss` of the ID token. */
      readonly issuer: string
      readonly sid?: string
      /** Protocol claims included. Of `claims` the ID token's win on conflict. */
      readonly offered: {
        readonly claims: Record<string, unknown>
        readonly idToken: Record<string, unknown>
        readonly userinfo?: Record<string, unknown>
      }
      readonly idToken: string
      readonly accessToken: GrantedToken
      readonly refreshToken?: string
      /** Of the refresh token, in seconds; 0 for ever. */
      readonly refreshLifetime?: number
      /** `isOfflineToken` */
      readonly isOffline: boolean
      readonly sessionState?: string
      /** Seconds since the epoch. */
      readonly authTime?: number
      readonly acr?: string
    }
  | {
      readonly kind: 'failed'
      readonly code:
        | 'sign_in_failed'
        | 'sign_in_cancelled'
        | 'sign_in_request_ignored'
        | 'provider_unavailable'
        | 'bad_provider_answer'
        | 'provider_misconfigured'
      /** OAuth error code, fit for a log (`errorCode`). */
      readonly error?: string
      /** Of the token that was refused. */
      readonly about?: RefusedClaim
      /** For the log; holds no token. */
      readonly cause?: unknown
      /** What to change, where no other try will help until somebody does. */
      readonly fix?: string
    }

export interface RedeemCodeDeps {
  readonly oidc: OidcSettings
  readonly redirectUri: string
  readonly parameters: TokenParameters
  readonly call: OpenProviderCall
  readonly keys: KeySet
  readonly log: Log
  wallClock(): number
  readonly clockToleranceSeconds: number
}

/**
 * From the provider's answer at the callback to a checked identity and its tokens: authorization
 * response, token request, ID token, UserInfo. Nothing is sent for an answer that is refused. Never rejects
 * for anything that the browser or the provider does.
 */
export async function redeemCode(
  answer: URLSearchParams,
  expected: ExpectedSignIn,
  deps: RedeemCodeDeps,
): Promise<SignInResult> {
  const { oidc } = deps
  if (expected.issuer !== oidc.issuer || expected.clientId !== oidc.clientId) {
    return failed('sign_in_failed', 'this sign-in was started with another issuer or client')
  }
  const call = await deps.call({ limitMs: tokenLimitMs }).catch((error: ProviderError) => error)
  if (call instanceof Error) return failed(call.code, call, call.error, call.fix)

  const { metadata } = call
  const advertised = metadata.authorization_response_iss_parameter_supported
  const response = parseAuthorizationResponse(
    answer,
    { state: expected.state, issuers: oidc.issuers },
    advertised ? 'advertised' : 'not-advertised',
  )
  if (response.kind === 'failed') {
    const { code, reason, error, description } = response
    const cause = new AnsweredError(new Error(reason), given({ description }))
    return failed(code, cause, error)
  }

  try {
    const tokens = await requestTokens(response.parameters, expected, call, deps)
    const accessToken = grantedToken(tokens, expected.dpopKey ? 'dpop' : 'bearer')
    if (!accessToken)
      return failed(
        'bad_provider_answer',
        `the token is of type ${shown(tokens.type)}, or fits no header`,
        undefined,
        expected.dpopKey && unbound,
      )
    const { idToken, refreshToken, refreshLifetime } = tokens
    if (idToken === undefined) throw new Error('the token answer has no ID token')
    const algorithms = acceptedAlgorithms(oidc, metadata)
    const idClaims = await verifyIdToken(idToken, rulesOf(expected, oidc.issuers, algorithms), {
      ...deps,
      providerDate: call.answer.date,
    })
    const userInfo = await wantedUserInfo(idClaims, {
      ...{ oidc, metadata, log: deps.log },
      fetch: () => fetchUserInfo(accessToken.token, idClaims.sub, expected.dpopKey, deps.call),
    })
    return {
      ...identityOf(idClaims),
      offered: {
        claims: { ...userInfo, ...idClaims },
        idToken: idClaims,
        ...given({ userinfo: userInfo }),
      },
      idToken,
      accessToken,
      isOffline: isOfflineToken(tokens),
      ...given({ refreshToken, refreshLifetime, sessionState: response.sessionState }),
    }
  } catch (error) {
    if (error instanceof TokenRefusal) return { ...refusals[error.kind], ...told(error) }
    const failure = callFailure(error, call.answer)
    const fix = failure.cause instanceof ProviderError ? failure.cause.fix : undefined
    return failed(failureCodes[failure.kind], failure.cause, failure.error, fix)
  }
}

const unbound =
  "let the provider bind this client's tokens (RFC 9449), or take oidc.dpop out if it cannot"

const refusals = {
  bad: { kind: 'failed', code: 'bad_provider_answer' },
  foreign: { kind: 'failed', code: 'sign_in_failed' },
  ignored: { kind: 'failed', code: 'sign_in_request_ignored' },
} as const

const told = (refusal: TokenRefusal) => ({ about: refusal.about, cause: plainCause(refusal) })

async function requestTokens(
  parameters: URLSearchParams,
  expected: ExpectedSignIn,
  call: Awaited<ReturnType<OpenProviderCall>>,
  { redirectUri, parameters: added }: RedeemCodeDeps,
): Promise<TokenAnswer> {
  const url = new URL(redirectUri)
  url.search = parameters.toString()
  const more = await added({ grant: 'authorization_code' })
  const proof = expected.dpopKey ? { DPoP: await call.dpop(expected.dpopKey) } : undefined
  // The nonce is checked with the rest of the ID token, which openid-client does not see.
  const checks = { expectedState: expected.state, pkceCodeVerifier: expected.codeVerifier }
  return call.grant(() =>
    client.authorizationCodeGrant(call.configuration, url, checks, more, proof),
  )
}

function rulesOf(
  expected: ExpectedSignIn,
  issuers: readonly string[],
  algorithms: readonly string[],
) {
  const { clientId, nonce, maxAge, startedAt, acrValues, prompt } = expected
  return {
    issuers,
    clientId,
    nonce,
    algorithms,
    ...given({ maxAge, startedAt, prompt }),
    requiredAcr: requiredAcr(acrValues),
  }
}

function identityOf({ iss, sub, sid, auth_time, acr }: IdTokenClaims) {
  return {
    kind: 'signed-in' as const,
    sub,
    issuer: iss,
    ...(typeof sid === 'string' && sid !== '' ? { sid } : {}),
    ...(typeof auth_time === 'number' ? { authTime: auth_time } : {}),
    ...(typeof acr === 'string' ? { acr } : {}),
  }
}

function failed(
  code: Extract<SignInResult, { kind: 'failed' }>['code'],
  cause: Error | string,
  error?: string,
  fix?: string,
): SignInResult {
  return {
    kind: 'failed',
    code,
    cause: typeof cause === 'string' ? new Error(cause) : plainCause(cause),
    ...given({ error, fix }),
  }
}
