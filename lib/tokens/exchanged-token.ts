import type { ExchangeSettings } from '../config/exchange.ts'
import type { RemoteSettings } from '../config/remote.ts'
import {
  type AddedParameters,
  nameOfAdded,
  type TokenParameters,
} from '../config/token-parameters.ts'
import { given } from '../http/given.ts'
import { sha256 } from '../http/sha256.ts'
import type { Provider } from '../oidc/provider.ts'
import { plainCause } from '../oidc/provider-error.ts'
import { createSingleFlights } from '../oidc/single-flight.ts'
import type { Session } from '../session/session.ts'
import { type MaybePromise, whenKnown } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { carriedToken } from './carried-token.ts'
import { createCoolDowns } from './cool-downs.ts'
import type { CreateDpopSigner } from './dpop.ts'
import { exchangeFailure, subjectRefusal } from './exchange-failure.ts'
import { exchangeGrant } from './exchange-grant.ts'
import { failureFields, reasonOf } from './grant-failure.ts'
import { createHeldTokens } from './held-tokens.ts'
import type { MachineToken } from './machine-token.ts'
import type { CheckAudience } from './named-audience.ts'
import { createRefusedTokens } from './refused-token.ts'
import type { TokenFailure, TokenResult } from './token-result.ts'
import { isFresh, isValid } from './token-slot.ts'
import type { UserToken } from './user-token.ts'
import { withAdded } from './with-added.ts'

/**
 * The token that a remote with `exchange` is called with: the user's, exchanged. Without a
 * promise when it is at hand. `rejected` is the token that the remote has just refused.
 */
export type ExchangedToken = (
  session: Session,
  remote: RemoteSettings,
  options: { rejected?: string },
) => MaybePromise<TokenResult>

export interface ExchangedTokenDeps {
  readonly provider: Pick<Provider, 'call'>
  readonly parameters: TokenParameters
  readonly userToken: UserToken
  /** For the tokens of actors. */
  readonly clientToken: MachineToken
  /** Proofs for APIs. */
  readonly signer: CreateDpopSigner
  readonly checkAudience: CheckAudience
  readonly log: Log
  now(): number
}

interface ExchangeCall {
  readonly session: Session
  readonly remote: RemoteSettings
  /** The token that the remote has just refused. */
  readonly rejected: string | undefined
  /** By the hook `tokenRequest`. */
  readonly added: AddedParameters
}

type Sent =
  | Awaited<ReturnType<typeof exchangeGrant>>
  | { readonly kind: 'no-actor'; readonly code: TokenFailure }

type Carried = Extract<TokenResult, { readonly kind: 'bearer' | 'dpop' }>

const marginSeconds = 60
const maxHeldBytes = 32 * 1024 * 1024

/**
 * Exchanged tokens live in this process only, by session, subject token and remote: a session that ends
 * or a token that is refreshed leaves nothing behind that could be used by another. Rejects with
 * StoreUnavailableError, as `userToken` does.
 */
export function createExchangedToken(deps: ExchangedTokenDeps): ExchangedToken {
  const { log, now } = deps
  const held = createHeldTokens(maxHeldBytes)
  const flights = createSingleFlights<TokenResult>()
  const refused = createRefusedTokens(now)
  const coolDowns = createCoolDowns(now)

  return (session, remote, { rejected }) =>
    withAdded(
      () => deps.parameters(requestOf(remote)),
      (added) => withSubject({ session, remote, rejected, added }),
      (cause) => hookFailed(remote, cause),
    )

  function withSubject(call: ExchangeCall): MaybePromise<TokenResult> {
    const subject = deps.userToken(call.session, {})
    return whenKnown(subject, (result) => exchanged(call, result))
  }

  function exchanged(call: ExchangeCall, subject: TokenResult): MaybePromise<TokenResult> {
    if (subject.kind !== 'bearer' && subject.kind !== 'dpop') return subject
    const name = nameOf(call, subject)
    const known = held.get(name)
    const isGood = known && !refused.isSpent(known.token, call.rejected)
    if (isGood && isFresh(known.token, now(), marginSeconds)) return known.result
    const flightName = `${name} ${call.rejected ?? ''}`
    const inVain = flights.underWay(flightName) ? undefined : coolDowns.of(name)
    if (inVain !== undefined) return fallBack(name, call, inVain)
    return flights.join(flightName, () => obtain(call, subject))
  }

  async function obtain(call: ExchangeCall, subject: Carried): Promise<TokenResult> {
    const first = await send(call, subject)
    if (first.kind !== 'failed' || subjectRefusal(first.failure) === 'no') {
      return settle(call, subject, first)
    }
    const renewed = await deps.userToken(call.session, { rejected: subject.token })
    if (renewed.kind === 'failed') return fail(call, subject, renewed.code)
    if (renewed.kind === 'none' || renewed.token === subject.token) {
      return settle(call, subject, first)
    }
    return settle(call, renewed, await send(call, renewed))
  }

  async function send({ session, remote, added }: ExchangeCall, subject: Carried): Promise<Sent> {
    const settings: ExchangeSettings = remote.exchange ?? {}
    const dpopKey = remote.dpop ? session.record.dpopKey : undefined
    const actor = settings.actor === undefined ? undefined : await actorOf(settings.actor)
    // Delegation without its actor would be impersonation, which nobody has configured.
    if (actor?.kind === 'none') return { kind: 'no-actor', code: 'provider_misconfigured' }
    if (actor?.kind === 'failed') return { kind: 'no-actor', code: actor.code }
    return exchangeGrant(
      {
        subjectToken: subject.token,
        settings,
        added,
        ...(actor === undefined ? {} : { actorToken: actor.token }),
        ...given({ dpopKey }),
      },
      deps,
    )
  }

  function settle(call: ExchangeCall, subject: Carried, sent: Sent): TokenResult {
    if (sent.kind === 'no-actor') return fail(call, subject, sent.code)
    if (sent.kind === 'failed') {
      const { name } = call.remote
      log.event('token.exchange.failed', { remote: name, ...failureFields(sent.failure) })
      const result = fail(call, subject, exchangeFailure(sent.failure))
      return result.kind === 'failed' ? { ...result, reason: reasonOf(sent.failure) } : result
    }
    const { remote, session } = call
    deps.checkAudience(sent.token.token, remote.exchange ?? {}, { remotes: [remote.name] })
    const dpopKey = remote.dpop ? session.record.dpopKey : undefined
    const result = carriedToken(sent.token, dpopKey, deps.signer)
    held.set(nameOf(call, subject), { token: sent.token, result })
    return result
  }

  function hookFailed({ name: remote }: RemoteSettings, cause: unknown): TokenResult {
    log.event('token.exchange.failed', { remote, cause: plainCause(cause) })
    return { kind: 'failed', code: 'provider_misconfigured' }
  }

  async function actorOf(client: string): Promise<TokenResult> {
    return deps.clientToken(client, {})
  }

  /** Then the provider is left alone for a while, by this session and remote. */
  function fail(call: ExchangeCall, subject: Carried, code: TokenFailure): TokenResult {
    const name = nameOf(call, subject)
    coolDowns.begin(name, code)
    const result = fallBack(name, call, code)
    refused.noteFailure(call.rejected)
    return result
  }

  /** The token that was exchanged before, while it is valid and nobody refused it. */
  function fallBack(name: string, { rejected }: ExchangeCall, code: TokenFailure): TokenResult {
    const known = held.get(name)
    const isGood = known && !refused.isSpent(known.token, rejected)
    return isGood && isValid(known.token, now()) ? known.result : { kind: 'failed', code }
  }
}

/** What the answer depends on (T19). */
function nameOf({ session, remote, added }: ExchangeCall, subject: Carried): string {
  return `${session.key} ${sha256(subject.token)} ${remote.name} ${nameOfAdded(added)}`
}

function requestOf({ exchange = {} }: RemoteSettings) {
  const { grant, resource, scope } = exchange
  const isOnBehalfOf = grant === 'jwt-bearer'
  return {
    grant: isOnBehalfOf ? ('jwt_bearer' as const) : ('token_exchange' as const),
    ...given({ resource, scope }),
  }
}
