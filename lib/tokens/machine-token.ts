import type { ClientSettings } from '../config/client.ts'
import { type AddedParameters, nameOfAdded } from '../config/token-parameters.ts'
import { generateDpopKey } from '../oidc/dpop-key.ts'
import { plainCause } from '../oidc/provider-error.ts'
import { createSingleFlights } from '../oidc/single-flight.ts'
import type { Cipher } from '../session/cipher.ts'
import type { AccessToken } from '../session/session.ts'
import type { KeyValue, MaybePromise } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { carriedToken } from './carried-token.ts'
import type { CreateDpopSigner } from './dpop.ts'
import { failureFields, reasonOf, tokenFailure } from './grant-failure.ts'
import { createHeldTokens, type HeldToken } from './held-tokens.ts'
import { createMachineTokenCache } from './machine-token-cache.ts'
import {
  type AskedParameters,
  createMachineTokenGrant,
  type MachineTokenGrantDeps,
} from './machine-token-grant.ts'
import type { CheckAudience } from './named-audience.ts'
import { createRefusedTokens } from './refused-token.ts'
import { obtainShared } from './shared-machine-token.ts'
import type { TokenResult } from './token-result.ts'
import { isFresh } from './token-slot.ts'
import { withAdded } from './with-added.ts'

/**
 * A machine token of a named client; without a promise when this process holds one. `rejected` is the
 * token that an API has just refused: another one is obtained, unless it is new (T14) or that has happened
 * already. `unwanted` is replaced whatever its age. Never rejects.
 */
export type MachineToken = (
  client: string,
  options: MachineTokenOptions,
) => MaybePromise<TokenResult>

interface Unwanted {
  readonly rejected?: string
  readonly unwanted?: string
}

interface MachineTokenOptions extends Unwanted {
  readonly asked?: AskedParameters
}

export interface MachineTokens extends MachineToken {
  /** Forgets a client's token (with what the hook adds at present), here and in the store. Rejects with StoreUnavailableError. */
  forget(client: string): Promise<void>
}

export interface MachineTokenDeps extends MachineTokenGrantDeps {
  readonly clients: Readonly<Record<string, ClientSettings>>
  readonly store: KeyValue
  /** For the purpose `machine-token`. */
  readonly cipher: Cipher
  /** Proofs for APIs. */
  readonly signer: CreateDpopSigner
  readonly checkAudience: CheckAudience
  readonly log: Log
  sleep(ms: number): Promise<void>
}

/** This much ahead of expiry a new one is fetched (never more than a fifth of the lifetime ahead). */
const marginSeconds = 60
/** So short before expiry it is not handed out any more: it might expire on its way. */
const lastMs = 5_000
/** After a failed renewal ahead of expiry, the next one waits this long. */
const pauseMs = 3_000
const nothing: AskedParameters = {}
/** A hook may tell any number of tokens of one client apart. */
const maxHeldBytes = 20 * 1024 * 1024

/** Which token: of which client, and with what the hook adds at present (T19). */
interface Wanted {
  readonly name: string
  readonly added: AddedParameters
  readonly asked: AskedParameters
  readonly place: string
}

interface Held extends HeldToken {
  renewAfter: number
}

/**
 * Machine tokens (T9): kept in this process and, encrypted, in the store; obtained by one request at a
 * time in this process and across processes; renewed in the background. Failures are not kept.
 */
export function createMachineToken(deps: MachineTokenDeps): MachineTokens {
  const { log, now } = deps
  const cache = createMachineTokenCache(deps)
  const held = createHeldTokens<Held>(maxHeldBytes)
  const refused = createRefusedTokens(now)
  const isSpent = (token: AccessToken, { rejected, unwanted }: Unwanted) =>
    token.token === unwanted || refused.isSpent(token, rejected)
  const flights = createSingleFlights<TokenResult>()
  const requests = new Map(
    Object.values(deps.clients).map((settings) => [settings.name, createPrepare(settings)]),
  )

  function createPrepare(settings: ClientSettings) {
    const { added, prepare } = createMachineTokenGrant(settings, deps)
    let own: Promise<JsonWebKey> | undefined
    const makeKey = () => {
      own ??= generateDpopKey()
      return own
    }
    return {
      added,
      async prepare({ added: it, asked }: Pick<Wanted, 'added' | 'asked'>) {
        const { clientId, tokenEndpoint = deps.oidc.issuer } = settings
        const place = JSON.stringify([tokenEndpoint, clientId, settings.name])
        const key = settings.dpop ? await cache.sharedKey(place, makeKey).catch(makeKey) : undefined
        return prepare(it, asked, key)
      },
    }
  }

  function join(of: Wanted, without: Unwanted): Promise<TokenResult> {
    const flightName = `${of.place} ${without.rejected ?? ''} ${without.unwanted ?? ''}`
    return flights.join(flightName, () =>
      obtain(of, without).catch((error: unknown) => failed(of.name, error)),
    )
  }

  function failed(client: string, error: unknown): TokenResult {
    log.event('token.machine.failed', { client, cause: plainCause(error) })
    return { kind: 'failed', code: 'provider_misconfigured' }
  }

  function requestsOf(name: string) {
    const known = requests.get(name)
    if (!known) throw new Error('the settings have no such client')
    return known
  }

  async function obtain(of: Wanted, without: Unwanted): Promise<TokenResult> {
    const { name } = of
    const request = await requestsOf(name).prepare(of)
    const outcome = await obtainShared(
      { ...deps, cache },
      request,
      (token) => !isSpent(token, without) && isFresh(token, now(), marginSeconds),
    )
    if (outcome.kind === 'failed') {
      refused.noteFailure(without.rejected)
      log.event('token.machine.failed', { client: name, ...failureFields(outcome.failure) })
      const { failure } = outcome
      return { kind: 'failed', code: tokenFailure(failure), reason: reasonOf(failure) }
    }
    const { token } = outcome
    if (outcome.from === 'provider') {
      log.event('token.machine.obtained', { client: name, ...lifetimeOf(token) })
      deps.checkAudience(token.token, { ...deps.clients[name], ...of.asked }, { client: name })
    }
    const result = carriedToken(token, request.dpopKey, deps.signer)
    held.set(of.place, { token, result, renewAfter: 0 })
    return result
  }

  function renewAhead(of: Wanted, known: Held): void {
    if (now() < known.renewAfter) return
    known.renewAfter = Number.POSITIVE_INFINITY
    join(of, {}).then((result) => {
      if (result.kind === 'failed') known.renewAfter = now() + pauseMs
    })
  }

  function find(of: Wanted, without: Unwanted): MaybePromise<TokenResult> {
    const known = held.get(of.place)
    if (!known || isSpent(known.token, without)) return join(of, without)
    if (isFresh(known.token, now(), marginSeconds)) return known.result
    if (isExpiring(known.token, now())) return join(of, without)
    renewAhead(of, known)
    return known.result
  }

  const wanted = (name: string, added: AddedParameters, asked: AskedParameters): Wanted => ({
    ...{ name, added, asked },
    place: `${name} ${nameOfAdded(added)} ${nameOfAdded(asked)}`,
  })

  const machineToken: MachineToken = (name, { asked = nothing, ...without }) =>
    withAdded(
      () => requestsOf(name).added(asked),
      (added) => find(wanted(name, added, asked), without),
      (cause) => failed(name, cause),
    )

  return Object.assign(machineToken, {
    async forget(name: string) {
      const known = requests.get(name)
      if (!known) return
      const of = wanted(name, await known.added(nothing), nothing)
      held.delete(of.place)
      await cache.removeToken((await known.prepare(of)).cacheName)
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
