import * as client from 'openid-client'
import type { OidcSettings } from '../config/settings.ts'
import type { Discovery } from './discovery.ts'
import { createDpopHandle } from './dpop-key.ts'
import type { NonceMemory } from './nonce-memory.ts'
import { createProviderFetch, isLoopbackHttp, type ProviderAnswer } from './provider-fetch.ts'
import { readTokens, type TokenAnswer } from './token-answer.ts'

export interface ProviderCallOptions {
  /** Milliseconds for the whole call, retries included: `callLimitMs` or `tokenLimitMs`. */
  limitMs: number
  /** Another client than the one that signs users in (machine tokens). */
  client?: {
    clientId: string
    auth: client.ClientAuth
    /** A token endpoint outside the provider; no discovery then. */
    tokenEndpoint?: string
  }
}

/** One call to the provider, to be handed to one function of openid-client. */
export interface ProviderCall {
  configuration: client.Configuration
  /** Filled in while the call runs; what `callFailure` decides by. */
  answer: ProviderAnswer
  /** Runs a function of openid-client that asks for tokens, and answers them as they came (T21). */
  grant(request: () => Promise<unknown>): Promise<TokenAnswer>
  /** Proofs for this call (RFC 9449), made with a private JWK. */
  dpop(key: JsonWebKey): Promise<client.DPoPHandle>
}

export type OpenProviderCall = (options: ProviderCallOptions) => Promise<ProviderCall>

/**
 * Makes a Configuration per call. It costs microseconds, and gives each call its own time limit, its
 * own record of the HTTP status. Rejects with ProviderError when discovery fails.
 */
export function createProviderCalls(deps: {
  oidc: OidcSettings
  metadata: Discovery
  clientAuth: client.ClientAuth
  nonces: NonceMemory
  fetch: typeof fetch
  wallClock(): number
}): OpenProviderCall {
  const { oidc, nonces } = deps
  return async (options) => {
    const { clientId, auth, tokenEndpoint } = {
      clientId: oidc.clientId,
      auth: deps.clientAuth,
      ...options.client,
    }
    const server: client.ServerMetadata =
      tokenEndpoint === undefined
        ? await deps.metadata()
        : { issuer: tokenEndpoint, token_endpoint: tokenEndpoint }
    const configuration = new client.Configuration(
      server,
      clientId,
      {
        id_token_signed_response_alg: oidc.idTokenAlg,
        // RFC 8705 section 5: where a provider asks for certificates at other addresses.
        use_mtls_endpoint_aliases: oidc.tls !== undefined,
        [client.clockSkew]: Math.round((deps.wallClock() - Date.now()) / 1000),
        [client.clockTolerance]: clockToleranceSeconds,
      },
      auth,
    )
    if (isLoopbackHttp(new URL(server.issuer))) client.allowInsecureRequests(configuration)
    configuration.timeout = 0
    const answer: ProviderAnswer = { sent: false }
    let dpopKeyId: string | undefined
    let tokens: TokenAnswer | undefined
    const send = createProviderFetch({
      fetch: deps.fetch,
      limitMs: options.limitMs,
      answer,
      onNonce: (url, nonce) => nonces.set(url, nonce, dpopKeyId),
    })
    configuration[client.customFetch] = readTokens(send, (it) => {
      tokens = it
    })
    return {
      configuration,
      answer,
      async grant(request) {
        await request()
        if (!tokens) throw new Error('the answer has no token')
        return tokens
      },
      dpop(key) {
        dpopKeyId = key.x
        return createDpopHandle(configuration, key, nonces)
      },
    }
  }
}

/** Seconds by which the provider's clock may differ from ours. */
export const clockToleranceSeconds = 30
