import * as client from 'openid-client'
import type { ExchangeSettings } from '../config/exchange.ts'
import type { AddedParameters } from '../config/token-parameters.ts'
import { type CallFailure, callFailure } from '../oidc/call-failure.ts'
import { grantedToken } from '../oidc/granted-token.ts'
import type { Provider } from '../oidc/provider.ts'
import type { ProviderCall } from '../oidc/provider-call.ts'
import { tokenLimitMs } from '../oidc/provider-fetch.ts'
import type { AccessToken } from '../session/session.ts'

export interface ExchangeGrantRequest {
  /** The user's access token. */
  subjectToken: string
  /** Of the machine client that acts for the user (delegation); without it the answer impersonates. */
  actorToken?: string
  settings: ExchangeSettings
  /** By the hook `tokenRequest`. */
  added: AddedParameters
  /** Private JWK that the new token is to be bound to. */
  dpopKey?: JsonWebKey
}

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** One token request of RFC 8693 section 2.1. Never rejects. */
export async function exchangeGrant(
  request: ExchangeGrantRequest,
  deps: { provider: Pick<Provider, 'call'>; now(): number },
): Promise<{ kind: 'token'; token: AccessToken } | { kind: 'failed'; failure: CallFailure }> {
  const { dpopKey } = request
  let call: ProviderCall | undefined
  try {
    const opened = await deps.provider.call({ limitMs: tokenLimitMs })
    call = opened
    const proof = dpopKey ? { DPoP: await opened.dpop(dpopKey) } : undefined
    const answer = await opened.grant(() =>
      client.genericGrantRequest(opened.configuration, grantType, parametersOf(request), proof),
    )
    const granted = grantedToken(answer, dpopKey ? 'dpop' : 'bearer')
    if (!granted)
      throw new Error('the token has another type than was asked for, or fits no header')
    const { expiresInSeconds, ...token } = granted
    const obtainedAt = deps.now()
    const expiry =
      expiresInSeconds === undefined ? {} : { expiresAt: obtainedAt + expiresInSeconds * 1000 }
    return { kind: 'token', token: { ...token, obtainedAt, ...expiry } }
  } catch (error) {
    return { kind: 'failed', failure: callFailure(error, call?.answer ?? { sent: false }) }
  }
}

function parametersOf(request: ExchangeGrantRequest): Record<string, string> {
  const { subjectToken, actorToken, settings, added } = request
  const { audience, resource, scope, requestedTokenType } = settings
  return {
    ...added,
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { scope }),
    ...(audience === undefined ? {} : { audience }),
    ...(requestedTokenType === undefined ? {} : { requested_token_type: requestedTokenType }),
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    ...(actorToken === undefined
      ? {}
      : { actor_token: actorToken, actor_token_type: accessTokenType }),
  }
}
