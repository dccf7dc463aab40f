import type { JWTVerifyOptions, JWTVerifyResult } from 'jose'
import * as errors from 'jose/errors'
import { createLocalJWKSet } from 'jose/jwks/local'
import type { Log } from '../telemetry/log.ts'
import { callFailure, toProviderError } from './call-failure.ts'
import type { Discovery } from './discovery.ts'
import { callLimitMs, createProviderFetch, type ProviderAnswer } from './provider-fetch.ts'
import { singleFlight } from './single-flight.ts'
import { usableKeys } from './usable-keys.ts'
import { verifiedJwt } from './verified-jwt.ts'

const maxAgeMs = 10 * 60_000
const cooldownMs = 1_000
const maxCandidates = 10

/**
 * Who asks for a key. Anybody can send logout tokens, so what they cause is counted apart: made-up
 * ones must not keep a sign-in from seeing a rotated key.
 */
export type Asker = 'sign-in' | 'logout'

export interface KeySet {
  /**
   * Verifies a JWT with the provider's keys. A key that is not there, or no longer fits, re-fetches
   * the key set once (L6); after a re-fetch that did not help there is a pause of one second.
   * Rejects with jose's errors, or with ProviderError when the keys cannot be had.
   */
  verify(token: string, options: JWTVerifyOptions, asker: Asker): Promise<JWTVerifyResult>
}

interface Held {
  readonly find: ReturnType<typeof createLocalJWKSet>
  readonly fetchedAt: number
  readonly dropped: readonly string[]
}

export interface KeySetDeps {
  readonly metadata: Discovery
  readonly fetch: typeof fetch
  now(): number
  readonly log: Log
}

/**
 * The provider's JWKS: fetched at first use, single flight, kept for ten minutes.
 *
 * Not jose's `createRemoteJWKSet`: it reads `Date.now()`, pauses for all askers at once, and re-fetches
 * for an unknown `kid`, not for a known one with a new key. With `reload()` called by the rules below
 * and its own switched off, it would save the single flight, and add `jwks_uri` to watch.
 */
export function createKeySet(deps: KeySetDeps): KeySet {
  let held: Held | undefined
  let told = ''
  const pausedUntil: Record<Asker, number> = { 'sign-in': 0, logout: 0 }

  const load = singleFlight(async () => {
    held = await fetchKeys(deps)
    const dropped = held.dropped.slice(0, 5).join('; ')
    if (dropped !== '' && dropped !== told) deps.log.event('misconfiguration', unusable(dropped))
    told = dropped
    return held
  })

  return {
    async verify(token, options, asker) {
      const known = held && deps.now() - held.fetchedAt < maxAgeMs ? held : undefined
      const keys = known ?? (await load())
      try {
        return await verifyWith(keys, token, options)
      } catch (error) {
        // Keys that were fetched for this very token are as new as they get.
        if (!isKeyMiss(error) || !known) throw error
        if (held === known && deps.now() < pausedUntil[asker]) throw error
        const fresh = held !== known && held ? held : await load()
        try {
          return await verifyWith(fresh, token, options)
        } catch (again) {
          if (isKeyMiss(again)) pausedUntil[asker] = deps.now() + cooldownMs
          throw again
        }
      }
    },
  }
}

const unusable = (dropped: string) => ({
  what: `the provider’s key set holds what is no usable key: ${dropped}`,
  fix: 'Tell whoever runs the provider. Tokens that other keys have signed are verified all the same.',
})

/** A signature that does not fit counts too: keys without `kid`, or with a `kid` that is used again. */
function isKeyMiss(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWSSignatureVerificationFailed
  )
}

async function verifyWith(
  { find }: Held,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await verifiedJwt(token, find, options)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    // No kid in the token and several keys that could be meant: one of them has to fit.
    let tried = 0
    for await (const key of error) {
      if (++tried > maxCandidates) break
      try {
        return await verifiedJwt(token, key, options)
      } catch (miss) {
        if (!(miss instanceof errors.JWSSignatureVerificationFailed)) throw miss
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

async function fetchKeys(deps: KeySetDeps): Promise<Held> {
  const { jwks_uri } = await deps.metadata()
  const answer: ProviderAnswer = { sent: false }
  const fetchOnce = createProviderFetch({ fetch: deps.fetch, limitMs: callLimitMs, answer })
  try {
    const response = await fetchOnce(String(jwks_uri), {
      method: 'GET',
      headers: { accept: 'application/json, application/jwk-set+json' },
      body: undefined,
      redirect: 'manual',
    })
    if (response.status !== 200) throw new Error('the key set was not answered with 200')
    const { keys, dropped } = await usableKeys(await response.json())
    return { find: createLocalJWKSet({ keys }), fetchedAt: deps.now(), dropped }
  } catch (error) {
    const failure = callFailure(error, answer)
    throw toProviderError(
      failure.kind === 'unavailable' ? failure : { ...failure, kind: 'bad_answer' },
    )
  }
}
