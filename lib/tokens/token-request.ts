import type { Configuration, DPoPOptions } from 'openid-client'
import { given } from '../http/given.ts'
import { type CallFailure, callFailure } from '../oidc/call-failure.ts'
import { grantedToken } from '../oidc/granted-token.ts'
import type { Provider } from '../oidc/provider.ts'
import type { ProviderCall, ProviderCallOptions } from '../oidc/provider-call.ts'
import { tokenLimitMs } from '../oidc/provider-fetch.ts'
import type { TokenAnswer } from '../oidc/token-answer.ts'
import type { AccessToken } from '../session/session.ts'
import { accessTokenFrom } from './access-token.ts'

export interface TokenRequest {
  /** Private JWK that the tokens are to be bound to (RFC 9449 section 5). */
  readonly dpopKey: JsonWebKey | undefined
  /** Another client than the one that signs users in. */
  readonly client?: NonNullable<ProviderCallOptions['client']>
  /** The function of openid-client for the grant. */
  readonly grant: (configuration: Configuration, proof: DPoPOptions | undefined) => Promise<unknown>
}

type Failed = { readonly kind: 'failed'; readonly failure: CallFailure }
export type RequestedToken = { readonly kind: 'token'; readonly token: AccessToken } | Failed

/** One token request, whatever the grant. `read` may throw at an answer that cannot be used. Never rejects. */
export async function requestTokens<T>(
  provider: Pick<Provider, 'call'>,
  { dpopKey, client, grant }: TokenRequest,
  read: (tokens: TokenAnswer) => T,
): Promise<{ readonly kind: 'read'; readonly value: T } | Failed> {
  let call: ProviderCall | undefined
  try {
    const opened = await provider.call({
      limitMs: tokenLimitMs,
      ...given({ client }),
    })
    call = opened
    const proof = dpopKey ? { DPoP: await opened.dpop(dpopKey) } : undefined
    const tokens = await opened.grant(() => grant(opened.configuration, proof))
    return { kind: 'read', value: read(tokens) }
  } catch (error) {
    return { kind: 'failed', failure: callFailure(error, call?.answer ?? { sent: false }) }
  }
}

/** For grants of which the access token is all that is wanted. Never rejects. */
export async function requestAccessToken(
  { provider, now }: { provider: Pick<Provider, 'call'>; now(): number },
  request: TokenRequest,
): Promise<RequestedToken> {
  const answer = await requestTokens(provider, request, (tokens) => {
    const granted = grantedToken(tokens, request.dpopKey ? 'dpop' : 'bearer')
    if (granted) return accessTokenFrom(granted, now())
    throw new Error('the token has another type than was asked for, or fits no header')
  })
  return answer.kind === 'read' ? { kind: 'token', token: answer.value } : answer
}
