import { createHash } from 'node:crypto'
import type { ExchangeSettings, Hooks, RemoteSettings } from '../config/settings.ts'
import type { CallFailure } from '../oidc/call-failure.ts'
import type { Provider } from '../oidc/provider.ts'
import type { AccessToken, Session } from '../session/session.ts'
import { createBoundedMap } from '../store/bounded-map.ts'
import type { MaybePromise } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { carriedToken } from './carried-token.ts'
import type { ClientToken } from './client-token.ts'
import type { CreateDpopSigner } from './dpop.ts'
import { requestExchange } from './exchange-request.ts'
import { failureFields, tokenFailure } from './grant-failure.ts'
import { createRefusedTokens } from './refused-token.ts'
import type { TokenResult } from './token-result.ts'
import { isFresh, isValid } from './token-slot.ts'
import type { UserToken } from './user-token.ts'

/**
 * The token that a remote with `exchange` is called with: the user's, exchanged (RFC 8693). Without a
 * promise when it is at hand. `rejected` is the token that the remote has just refused.
 */
export type ExchangedToken = (
  session: Session,
  remote: RemoteSettings,
  options: { rejected?: string },
) => MaybePromise<TokenResult>

export interface ExchangeDeps {
  provider: Pick<Provider, 'call'>
  hooks: Hooks
  userToken: UserToken
  /** For the tokens of actors. */
  clientToken: ClientToken
  /** Proofs for APIs. */
  signer: CreateDpopSigner
  log: Log
  now(): number
}

interface Held {
  readonly token: AccessToken
  readonly result: TokenResult
}

type Carried = Extract<TokenResult, { kind: 'bearer' | 'dpop' }>

const marginSeconds = 60
const maxHeldBytes = 32 * 1024 * 1024

/**
 * Exchanged tokens live in this process only, by session, subject token and remote: a session that ends
 * or a token that is refreshed leaves nothing behind that could be used by another. Rejects with
 * StoreUnavailableError, as `userToken` does.
 */
export function createExchange(deps: ExchangeDeps): ExchangedToken {
  const { log, now } = deps
  const held = createBoundedMap<Held>({
    maxWeight: maxHeldBytes,
    weigh: ({ token }, name) => token.token.length + (token.scope?.length ?? 0) + name.length + 500,
  })
  const flights = new Map<string, Promise<TokenResult>>()
  const refused = createRefusedTokens(now)

  return (session, remote, { rejected }) => {
    const subject = deps.userToken(session, {})
    return subject instanceof Promise
      ? subject.then((result) => exchanged(session, remote, result, rejected))
      : exchanged(session, remote, subject, rejected)
  }

  function exchanged(
    session: Session,
    remote: RemoteSettings,
    subject: TokenResult,
    rejected: string | undefined,
  ): MaybePromise<TokenResult> {
    if (subject.kind !== 'bearer' && subject.kind !== 'dpop') return subject
    const name = `${session.key} ${sha256(subject.token)} ${remote.name}`
    const known = held.get(name)
    const isGood = known && !refused.isSpent(known.token, rejected)
    if (isGood && isFresh(known.token, now(), marginSeconds)) return known.result
    const flightName = `${name} ${rejected ?? ''}`
    const under = flights.get(flightName)
    if (under) return under
    const flight = obtain(name, session, remote, subject, rejected).finally(() =>
      flights.delete(flightName),
    )
    flights.set(flightName, flight)
    return flight
  }

  async function obtain(
    name: string,
    session: Session,
    remote: RemoteSettings,
    subject: Carried,
    rejected: string | undefined,
  ): Promise<TokenResult> {
    const settings: ExchangeSettings = remote.exchange ?? {}
    const dpopKey = remote.dpop ? session.record.dpopKey : undefined
    const actor = settings.actor === undefined ? undefined : await actorOf(settings.actor)
    // Delegation without its actor would be impersonation, which nobody has configured.
    if (actor?.kind === 'none') return { kind: 'failed', code: 'provider_misconfigured' }
    if (actor?.kind === 'failed') return actor
    const answer = await requestExchange(
      {
        subjectToken: subject.token,
        settings,
        ...(actor === undefined ? {} : { actorToken: actor.token }),
        ...(dpopKey === undefined ? {} : { dpopKey }),
      },
      deps,
    )
    if (answer.kind === 'failed') return fallBack(name, remote, rejected, answer.failure)
    const result = carriedToken(answer.token, dpopKey, deps.signer)
    held.set(name, { token: answer.token, result })
    return result
  }

  async function actorOf(client: string): Promise<TokenResult> {
    return deps.clientToken(client, {})
  }

  /** The token that was exchanged before, while it is valid and nobody refused it. */
  function fallBack(
    name: string,
    remote: RemoteSettings,
    rejected: string | undefined,
    failure: CallFailure,
  ): TokenResult {
    log.event('token.exchange.failed', { remote: remote.name, ...failureFields(failure) })
    const known = held.get(name)
    const isGood = known && !refused.isSpent(known.token, rejected)
    refused.noteFailure(rejected)
    if (isGood && isValid(known.token, now())) return known.result
    return { kind: 'failed', code: tokenFailure(failure) }
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
