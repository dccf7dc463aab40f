import * as client from 'openid-client'
import type { OidcSettings } from '../config/settings.ts'
import { callFailure } from '../oidc/call-failure.ts'
import type { Provider } from '../oidc/provider.ts'
import { plainCause } from '../oidc/provider-error.ts'
import { callLimitMs } from '../oidc/provider-fetch.ts'
import type { Log } from '../telemetry/log.ts'
import type { CreateDpopSigner } from './dpop.ts'
import type { DpopSigner } from './token-result.ts'

export interface TokensToRevoke {
  refreshToken?: string | undefined
  accessTokens?: readonly string[] | undefined
  /** Private JWK that they are bound to. */
  dpopKey?: JsonWebKey | undefined
}

/** Settles when every token was revoked or given up, five seconds each at most. Never rejects (T8). */
export type Revocation = (tokens: TokensToRevoke, sub: string) => Promise<void>

export interface RevocationDeps {
  provider: Pick<Provider, 'call' | 'metadata'>
  oidc: OidcSettings
  /** Proofs for the provider's endpoints. */
  signer: CreateDpopSigner
  log: Log
}

type Kind = 'refresh_token' | 'access_token'

/** RFC 7009. Skipped in silence when the provider has no revocation endpoint. */
export function createRevocation(deps: RevocationDeps): Revocation {
  const { log, provider } = deps
  const failed = (kind: Kind, sub: string, error: unknown) =>
    log.event('token.revocation_failed', { sub, kind, cause: plainCause(error) })
  const revoke = async (kind: Kind, token: string, signer: DpopSigner | undefined, sub: string) => {
    try {
      const done = await revokeOne(deps, kind, token, signer)
      if (done === 'revoked') log.event('token.revoked', { sub, kind })
    } catch (error) {
      failed(kind, sub, error)
    }
  }
  return async ({ refreshToken, accessTokens = [], dpopKey }, sub) => {
    try {
      if ((await provider.metadata()).revocation_endpoint === undefined) return
    } catch (error) {
      return failed(refreshToken === undefined ? 'access_token' : 'refresh_token', sub, error)
    }
    const signer = dpopKey && deps.signer(dpopKey)
    await Promise.all([
      ...(refreshToken === undefined ? [] : [revoke('refresh_token', refreshToken, signer, sub)]),
      ...accessTokens.map((token) => revoke('access_token', token, signer, sub)),
    ])
  }
}

/** Twice at most: a DPoP nonce challenge is answered once, with a new proof and a new client assertion. */
async function revokeOne(
  { provider, oidc }: RevocationDeps,
  kind: Kind,
  token: string,
  signer: DpopSigner | undefined,
): Promise<'revoked' | 'unsupported'> {
  for (let challenged = false; ; challenged = true) {
    const { configuration, answer } = await provider.call({ limitMs: callLimitMs })
    if (signer) proveWith(signer, configuration)
    try {
      await client.tokenRevocation(configuration, token, {
        ...oidc.revocationParams,
        token_type_hint: kind,
      })
      return 'revoked'
    } catch (error) {
      if (answer.error === 'unsupported_token_type') return 'unsupported'
      if (answer.error === 'use_dpop_nonce' && signer && !challenged) continue
      throw callFailure(error, answer).cause
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
