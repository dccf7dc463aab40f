import * as client from 'openid-client'
import type { OidcSettings } from '../config/oidc.ts'
import { type CallFailure, callFailure } from '../oidc/call-failure.ts'
import type { Provider } from '../oidc/provider.ts'
import type { ProviderCall } from '../oidc/provider-call.ts'
import { plainCause } from '../oidc/provider-error.ts'
import { callLimitMs } from '../oidc/provider-fetch.ts'
import type { Log } from '../telemetry/log.ts'
import type { CreateDpopSigner } from './dpop.ts'
import type { DpopSigner } from './token-result.ts'

export interface TokensToRevoke {
  readonly refreshToken?: string | undefined
  readonly accessTokens?: readonly string[] | undefined
  /** Private JWK that they are bound to. */
  readonly dpopKey?: JsonWebKey | undefined
}

/**
 * Settles when every token was revoked or given up, five seconds each at most. Never rejects (T8). `unanswered`: the
 * provider was away, and may do it at another time.
 */
export type Revocation = (tokens: TokensToRevoke, sub: string) => Promise<'settled' | 'unanswered'>

export interface RevocationDeps {
  readonly provider: Pick<Provider, 'call' | 'metadata'>
  readonly oidc: OidcSettings
  /** Proofs for the provider's endpoints. */
  readonly signer: CreateDpopSigner
  readonly log: Log
}

type Kind = 'refresh_token' | 'access_token'

/**
 * RFC 7009, one request after the other and the refresh token first: a provider that keeps the tokens of a
 * grant in one record loses one of two revocations that arrive together (T23). Without an answer the rest
 * is left alone. Skipped in silence when the provider has no revocation endpoint.
 */
export function createRevocation(deps: RevocationDeps): Revocation {
  const { log, provider } = deps

  function tell(kind: Kind, sub: string, { status = 500, cause }: CallFailure, isFirst: boolean) {
    // The end of the refresh token may have been the end of its access tokens.
    const isNeedless = !isFirst && status < 500
    const event = isNeedless ? 'token.revocation_needless' : 'token.revocation_failed'
    log.event(event, { sub, kind, cause: plainCause(cause) })
  }

  return async ({ refreshToken, accessTokens = [], dpopKey }, sub) => {
    const signer = dpopKey && deps.signer(dpopKey)
    const all: [Kind, string][] = accessTokens.map((token) => ['access_token', token])
    if (refreshToken !== undefined) all.unshift(['refresh_token', refreshToken])
    try {
      if ((await provider.metadata()).revocation_endpoint === undefined) return 'settled'
    } catch (error) {
      const [first] = all
      if (first) tell(first[0], sub, callFailure(error, { sent: false }), true)
      return 'unanswered'
    }
    let isAnswered = true
    for (const [kind, token] of all) {
      const done = await revokeOne(deps, kind, token, signer)
      if (done === 'revoked') log.event('token.revoked', { sub, kind })
      if (done === 'revoked' || done === 'unsupported') continue
      tell(kind, sub, done, kind === 'refresh_token' || refreshToken === undefined)
      if (done.status === undefined || done.status >= 500) isAnswered = false
      if (done.status === undefined) break
    }
    return isAnswered ? 'settled' : 'unanswered'
  }
}

/** Twice at most: a DPoP nonce challenge is answered once, with a new proof and a new client assertion. */
async function revokeOne(
  { provider, oidc }: RevocationDeps,
  kind: Kind,
  token: string,
  signer: DpopSigner | undefined,
): Promise<'revoked' | 'unsupported' | CallFailure> {
  for (let challenged = false; ; challenged = true) {
    let call: ProviderCall | undefined
    try {
      const opened = await provider.call({ limitMs: callLimitMs })
      call = opened
      if (signer) proveWith(signer, opened.configuration)
      await opened.send(() =>
        client.tokenRevocation(opened.configuration, token, {
          ...oidc.revocationParams,
          token_type_hint: kind,
        }),
      )
      return 'revoked'
    } catch (error) {
      const answer = call?.answer ?? { sent: false }
      if (answer.error === 'unsupported_token_type') return 'unsupported'
      if (answer.error === 'use_dpop_nonce' && signer && !challenged) continue
      return callFailure(error, answer)
    }
  }
}

/** openid-client sends no proofs to this endpoint. */
function proveWith(signer: DpopSigner, configuration: client.Configuration): void {
  const send = configuration[client.customFetch]
  if (!send) return
  configuration[client.customFetch] = async (url, init) => {
    const dpop = await signer.proof(init.method, url)
    const response = await send(url, { ...init, headers: { ...init.headers, dpop } })
    const nonce = response.headers.get('dpop-nonce')
    if (nonce) signer.rememberNonce(url, nonce)
    return response
  }
}
