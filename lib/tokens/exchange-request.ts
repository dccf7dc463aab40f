import * as client from 'openid-client'
import type { ExchangeSettings } from '../config/settings.ts'
import type { AddedParameters } from '../config/token-parameters.ts'
import { type CallFailure, callFailure } from '../oidc/call-failure.ts'
import type { Provider } from '../oidc/provider.ts'
import type { ProviderCall } from '../oidc/provider-call.ts'
import { tokenLimitMs } from '../oidc/provider-fetch.ts'
import type { AccessToken } from '../session/session.ts'

export interface ExchangeRequest {
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
export async function requestExchange(
  request: ExchangeRequest,
  deps: { provider: Pick<Provider, 'call'>; now(): number },
): Promise<{ kind: 'token'; token: AccessToken } | { kind: 'failed'; failure: CallFailure }> {
  const { dpopKey } = request
  let call: ProviderCall | undefined
  try {
    call = await deps.provider.call({ limitMs: tokenLimitMs })
    const answer = await client.genericGrantRequest(
      call.configuration,
      grantType,
      parametersOf(request),
      dpopKey ? { DPoP: await call.dpop(dpopKey) } : undefined,
    )
    // Section 2.2.1: `N_A` stands for a token that is used in a way of its own; ours go into a header.
    const isDpop = answer.token_type === 'dpop'
    if (isDpop !== Boolean(dpopKey)) throw new Error('the token type is not what was asked for')
    const obtainedAt = deps.now()
    return {
      kind: 'token',
      token: {
        token: answer.access_token,
        type: isDpop ? 'dpop' : 'bearer',
        obtainedAt,
        ...(answer.expires_in === undefined
          ? {}
          : { expiresAt: obtainedAt + answer.expires_in * 1000 }),
      },
    }
  } catch (error) {
    return { kind: 'failed', failure: callFailure(error, call?.answer ?? { sent: false }) }
  }
}

function parametersOf(request: ExchangeRequest): Record<string, string> {
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
