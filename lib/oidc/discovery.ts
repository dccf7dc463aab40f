import * as client from 'openid-client'
import type { Endpoints } from '../config/endpoints.ts'
import { discoveryIssuer, issuerTemplate } from '../config/tenants.ts'
import type { Log } from '../telemetry/log.ts'
import { callFailure, toProviderError } from './call-failure.ts'
import { followingOnce } from './follow-once.ts'
import { tellImpossible } from './impossible-sign-in.ts'
import { missingEndpoint, needsNoDiscovery, withNamedEndpoints } from './named-endpoints.ts'
import { ProviderError, plainCause } from './provider-error.ts'
import {
  callLimitMs,
  createProviderFetch,
  isLoopbackHttp,
  type ProviderAnswer,
} from './provider-fetch.ts'
import { singleFlight } from './single-flight.ts'

const maxAgeMs = 60 * 60_000
const retryMs = 60_000

export interface DiscoveryDeps {
  readonly issuer: string
  /** In place of those of the document. @default {} */
  readonly endpoints?: Endpoints
  readonly fetch: typeof fetch
  now(): number
  readonly log: Log
}

/** The provider's metadata (OpenID Connect Discovery 1.0), fetched at first use. */
export type Discovery = () => Promise<client.ServerMetadata>

/**
 * Lazy and single flight: a cold start makes one request whatever the concurrency, and that flight is
 * also what bounds the retries while the provider is down. A failure is not remembered: the next call
 * asks again. Metadata older than an hour is refreshed in the background, and kept if that fails.
 */
export function createDiscovery(deps: DiscoveryDeps): Discovery {
  let known: client.ServerMetadata | undefined
  let refreshAt = 0

  const fly = singleFlight(async () => {
    try {
      const metadata = await discover(deps)
      if (!known) deps.log.event('provider.discovered', { issuer: deps.issuer })
      known = metadata
      refreshAt = deps.now() + maxAgeMs
      return metadata
    } catch (error) {
      refreshAt = deps.now() + retryMs
      // Old metadata goes on working: then nobody has to do anything now.
      if (!known && error instanceof ProviderError && error.fix !== undefined) {
        tellImpossible(deps.log, error)
      } else {
        const about = { issuer: deps.issuer, cause: plainCause(error) }
        deps.log.event('provider.unavailable', known ? about : { ...about, fix: wayThere })
      }
      throw error
    }
  })

  return async () => {
    if (!known) return fly()
    if (deps.now() >= refreshAt) fly().catch(() => {})
    return known
  }
}

async function discover(deps: DiscoveryDeps): Promise<client.ServerMetadata> {
  const { issuer, endpoints = {} } = deps
  if (needsNoDiscovery(endpoints)) return withNamedEndpoints({ issuer }, endpoints)
  const metadata = withNamedEndpoints(await fetchMetadata(deps), endpoints)
  const missing = missingEndpoint(metadata)
  if (!missing) return metadata
  const { member, setting } = missing
  throw new ProviderError('bad_provider_answer', {
    cause: new Error(`the discovery document has no usable ${member}`),
    fix: `set oidc.endpoints.${setting}`,
  })
}

async function fetchMetadata(deps: DiscoveryDeps): Promise<client.ServerMetadata> {
  const asked = discoveryIssuer(deps.issuer)
  const expected = issuerTemplate(deps.issuer) ?? deps.issuer
  const answer: ProviderAnswer = { sent: false }
  let found: unknown
  const send = followingOnce(
    createProviderFetch({ fetch: deps.fetch, limitMs: callLimitMs, answer }),
  )
  const options: client.DiscoveryRequestOptions = {
    async [client.customFetch](url, init) {
      const response = await send(url, init)
      const body: unknown = await response
        .clone()
        .json()
        .catch(() => undefined)
      found = Object(body).issuer
      // The document of several tenants names a template (Microsoft Entra), which openid-client would refuse.
      return found === expected && expected !== asked
        ? Response.json({ ...Object(body), issuer: asked })
        : response
    },
    ...(isLoopbackHttp(new URL(asked)) ? { execute: [client.allowInsecureRequests] } : {}),
  }
  let metadata: client.ServerMetadata
  try {
    metadata = (
      await client.discovery(new URL(asked), 'discovery', undefined, client.None(), options)
    ).serverMetadata()
  } catch (error) {
    if (isIssuerMismatch(error)) throw wrongIssuer(deps, answer, found)
    const failure = callFailure(error, answer)
    // No credentials were sent, so a 4xx says nothing about our registration: the address is wrong.
    throw failure.kind === 'unavailable'
      ? toProviderError(failure)
      : toProviderError({ ...failure, kind: 'bad_answer' }, spelling)
  }
  // openid-client compares after URL normalisation; Discovery section 4.3 asks for the exact string.
  if (found !== expected) throw wrongIssuer(deps, answer, found)
  return metadata
}

function isIssuerMismatch(error: unknown): boolean {
  return (
    error instanceof client.ClientError && error.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'
  )
}

const wayThere = 'check OIDC_ISSUER, and the way there from this machine'
const spelling = 'set OIDC_ISSUER to the issuer exactly as the provider spells it'

function wrongIssuer(
  { issuer }: DiscoveryDeps,
  { url }: ProviderAnswer,
  found: unknown,
): ProviderError {
  const named = typeof found === 'string' ? found.slice(0, 200) : 'none'
  return new ProviderError('bad_provider_answer', {
    cause: new Error(
      `the discovery document at ${url ?? 'OIDC_ISSUER'} names the issuer ${named}, which is another issuer than ${issuer}`,
    ),
    fix: `${spelling}, trailing slash included, if that is yours`,
  })
}
