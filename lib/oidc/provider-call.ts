import * as client from 'openid-client'
import type { OidcSettings } from '../config/oidc.ts'
import type { ClientProof, ClientProofs } from './client-auth.ts'
import type { Discovery } from './discovery.ts'
import { createDpopHandle } from './dpop-key.ts'
import { forLatest } from './for-latest.ts'
import { createKnownProofs } from './known-proofs.ts'
import type { NonceMemory } from './nonce-memory.ts'
import { createProviderFetch, isLoopbackHttp, type ProviderAnswer } from './provider-fetch.ts'
import { readTokens, type TokenAnswer } from './token-answer.ts'

export interface ProviderCallOptions {
  /** Milliseconds for the whole call, retries included: `callLimitMs` or `tokenLimitMs`. */
  readonly limitMs: number
  /** Another client than the one that signs users in (machine tokens). */
  readonly client?: {
    readonly clientId: string
    readonly proofs: ClientProofs
    /** A token endpoint outside the provider; no discovery then. */
    readonly tokenEndpoint?: string
  }
}

/** One call to the provider, to be handed to one function of openid-client. */
export interface ProviderCall {
  readonly configuration: client.Configuration
  /** Of the provider; not a copy, as the configuration's is. */
  readonly metadata: Readonly<client.ServerMetadata>
  /** Filled in while the call runs; what `callFailure` decides by. */
  readonly answer: ProviderAnswer
  /** How the client has proved itself in the request whose answer stands. */
  method(): ClientProof['method']
  /**
   * Runs a function of openid-client in which the client proves itself; once more, with the secret sent
   * another way, where the provider refuses the client (T27).
   */
  send<T>(request: () => Promise<T>): Promise<T>
  /** `send` for a function that asks for tokens; answers them as they came (T21). */
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
  proofs: ClientProofs
  nonces: NonceMemory
  fetch: typeof fetch
  now(): number
  wallClock(): number
}): OpenProviderCall {
  const { oidc, nonces } = deps
  const known = createKnownProofs(deps.now)
  const short = forLatest(shortMetadata)
  return async (options) => {
    const { clientId, proofs, tokenEndpoint } = {
      clientId: oidc.clientId,
      proofs: deps.proofs,
      ...options.client,
    }
    const server: client.ServerMetadata =
      tokenEndpoint === undefined
        ? await deps.metadata()
        : { issuer: tokenEndpoint, token_endpoint: tokenEndpoint }
    const place = JSON.stringify([server.issuer, clientId, proofs.name])
    let proof = known.choose(place, proofs)
    const configuration = new client.Configuration(
      tokenEndpoint === undefined ? short(server) : server,
      clientId,
      {
        ...(oidc.idTokenAlg && { id_token_signed_response_alg: oidc.idTokenAlg }),
        // RFC 8705 section 5: where a provider asks for certificates at other addresses.
        use_mtls_endpoint_aliases: oidc.tls !== undefined,
        [client.clockSkew]: Math.round((deps.wallClock() - Date.now()) / 1000),
        [client.clockTolerance]: oidc.clockToleranceSeconds,
      },
      (...request) => proof.prove(...request),
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

    async function sendOtherwise<T>(request: () => Promise<T>, thrown: unknown): Promise<T> {
      const refused = proof
      const other = known.another(place, proofs, refused)
      if (!other || !takesOtherwise(server, other) || !refusesClient(answer)) throw thrown
      const refusal = { ...answer }
      proof = other
      try {
        const result = await request()
        known.worked(place, other)
        return result
      } catch (again) {
        if (refusesGrant(answer)) {
          known.worked(place, other)
          throw again
        }
        if (refusesClient(answer)) known.bothRefused(place)
        // What is said of a way that was only tried must end nobody's session: the first word stands.
        proof = refused
        Object.assign(answer, refusal)
        throw thrown
      }
    }

    const sendIt = <T>(request: () => Promise<T>) =>
      request().catch((thrown: unknown) => sendOtherwise(request, thrown))

    return {
      configuration,
      metadata: server,
      answer,
      method: () => proof.method,
      send: sendIt,
      async grant(request) {
        await sendIt(request)
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

/**
 * A configuration takes a copy of what it is given, and of a large document that costs more than all the rest. The lists are
 * what makes it large; of those openid-client reads the signature algorithms only.
 */
function shortMetadata(metadata: client.ServerMetadata): client.ServerMetadata {
  const kept = Object.entries(metadata).filter(
    ([name, value]) => !Array.isArray(value) || name.endsWith('_signing_alg_values_supported'),
  )
  return { ...Object.fromEntries(kept), issuer: metadata.issuer }
}

/** HTTP Basic is what every provider has to take (RFC 6749 section 2.3.1); the body only where it is listed. */
function takesOtherwise(server: client.ServerMetadata, { method }: ClientProof): boolean {
  if (method === 'client_secret_basic') return true
  return server.token_endpoint_auth_methods_supported?.includes(method) ?? false
}

function refusesClient({ status = 500, error }: ProviderAnswer): boolean {
  return status < 500 && (error === 'invalid_client' || error === 'unauthorized_client')
}

/** Whoever judges the grant has believed the client. */
function refusesGrant({ status = 500, error }: ProviderAnswer): boolean {
  return status === 400 && error !== undefined && grantErrors.has(error)
}

const grantErrors = new Set([
  ...['invalid_grant', 'invalid_scope', 'invalid_target'],
  ...['unsupported_token_type', 'use_dpop_nonce'],
])
