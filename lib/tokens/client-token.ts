import type { ClientSettings } from '../config/settings.ts'
import { generateDpopKey } from '../oidc/dpop-key.ts'
import { plainCause } from '../oidc/provider-error.ts'
import type { Cipher } from '../session/cipher.ts'
import type { AccessToken } from '../session/session.ts'
import type { KeyValue, MaybePromise } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { carriedToken } from './carried-token.ts'
import { type ClientCredentialsDeps, createClientCredentials } from './client-credentials.ts'
import type { CreateDpopSigner } from './dpop.ts'
import { failureFields, tokenFailure } from './grant-failure.ts'
import { createMachineTokenCache } from './machine-token-cache.ts'
import { createRefusedTokens } from './refused-token.ts'
import { obtainShared } from './shared-machine-token.ts'
import type { TokenResult } from './token-result.ts'
import { isFresh } from './token-slot.ts'

/**
 * A machine token of a named client; without a promise when this process holds one. `rejected` is the
 * token that an API has just refused: another one is obtained, unless it is new (T14) or that has happened
 * already. `unwanted` is replaced whatever its age. Never rejects.
 */
export type ClientToken = (client: string, options: Unwanted) => MaybePromise<TokenResult>

interface Unwanted {
  readonly rejected?: string
  readonly unwanted?: string
}

export interface MachineTokens extends ClientToken {
  /** Forgets a client's token, here and in the store. Rejects with StoreUnavailableError. */
  forget(client: string): Promise<void>
}

export interface ClientTokenDeps extends ClientCredentialsDeps {
  clients: Readonly<Record<string, ClientSettings>>
  store: KeyValue
  /** For the purpose `machine-token`. */
  cipher: Cipher
  /** Proofs for APIs. */
  signer: CreateDpopSigner
  log: Log
  sleep(ms: number): Promise<void>
}

/** This much ahead of expiry a new one is fetched (never more than a fifth of the lifetime ahead). */
const marginSeconds = 60
/** So short before expiry it is not handed out any more: it might expire on its way. */
const lastMs = 5_000
/** After a failed renewal ahead of expiry, the next one waits this long. */
const pauseMs = 3_000

interface Held {
  readonly token: AccessToken
  readonly result: TokenResult
  renewAfter: number
}

/**
 * Machine tokens (T9): kept in this process and, encrypted, in the store; obtained by one request at a
 * time in this process and across processes; renewed in the background. Failures are not kept.
 */
export function createClientToken(deps: ClientTokenDeps): MachineTokens {
  const { log, now } = deps
  const cache = createMachineTokenCache(deps)
  const held = new Map<string, Held>()
  const refused = createRefusedTokens(now)
  const isSpent = (token: AccessToken, { rejected, unwanted }: Unwanted) =>
    token.token === unwanted || refused.isSpent(token, rejected)
  const flights = new Map<string, Promise<TokenResult>>()
  const requests = new Map(
    Object.values(deps.clients).map((settings) => [settings.name, createPrepare(settings)]),
  )

  function createPrepare(settings: ClientSettings) {
    const prepare = createClientCredentials(settings, deps)
    let own: Promise<JsonWebKey> | undefined
    const makeKey = () => {
      own ??= generateDpopKey()
      return own
    }
    return async () => {
      const { clientId, tokenEndpoint = deps.oidc.issuer } = settings
      const place = JSON.stringify([tokenEndpoint, clientId, settings.name])
      return prepare(
        settings.dpop ? await cache.sharedKey(place, makeKey).catch(makeKey) : undefined,
      )
    }
  }

  function join(name: string, without: Unwanted): Promise<TokenResult> {
    const flightName = `${name} ${without.rejected ?? ''} ${without.unwanted ?? ''}`
    const under = flights.get(flightName)
    if (under) return under
    const flight = obtain(name, without)
      .catch((error: unknown): TokenResult => {
        log.event('token.machine.failed', { client: name, cause: plainCause(error) })
        return { kind: 'failed', code: 'provider_misconfigured' }
      })
      .finally(() => flights.delete(flightName))
    flights.set(flightName, flight)
    return flight
  }

  async function obtain(name: string, without: Unwanted): Promise<TokenResult> {
    const prepare = requests.get(name)
    if (!prepare) throw new Error('the settings have no such client')
    const request = await prepare()
    const outcome = await obtainShared(
      { ...deps, cache },
      request,
      (token) => !isSpent(token, without) && isFresh(token, now(), marginSeconds),
    )
    if (outcome.kind === 'failed') {
      refused.noteFailure(without.rejected)
      log.event('token.machine.failed', { client: name, ...failureFields(outcome.failure) })
      return { kind: 'failed', code: tokenFailure(outcome.failure) }
    }
    const { token } = outcome
    if (outcome.from === 'provider') {
      log.event('token.machine.obtained', { client: name, ...lifetimeOf(token) })
    }
    const result = carriedToken(token, request.dpopKey, deps.signer)
    held.set(name, { token, result, renewAfter: 0 })
    return result
  }

  function renewAhead(name: string, known: Held): void {
    if (now() < known.renewAfter) return
    known.renewAfter = Number.POSITIVE_INFINITY
    join(name, {}).then((result) => {
      if (result.kind === 'failed') known.renewAfter = now() + pauseMs
    })
  }

  const clientToken: ClientToken = (name, without) => {
    const known = held.get(name)
    if (!known || isSpent(known.token, without)) return join(name, without)
    if (isFresh(known.token, now(), marginSeconds)) return known.result
    if (isExpiring(known.token, now())) return join(name, without)
    renewAhead(name, known)
    return known.result
  }

  return Object.assign(clientToken, {
    async forget(name: string) {
      held.delete(name)
      const prepare = requests.get(name)
      if (prepare) await cache.removeToken((await prepare()).cacheName)
    },
  })
}

function isExpiring({ expiresAt, obtainedAt }: AccessToken, now: number): boolean {
  if (expiresAt === undefined) return false
  return expiresAt - now < Math.min(lastMs, (expiresAt - obtainedAt) / 10)
}

function lifetimeOf({ expiresAt, obtainedAt }: AccessToken) {
  return expiresAt === undefined
    ? {}
    : { expiresInSeconds: Math.round((expiresAt - obtainedAt) / 1000) }
}
