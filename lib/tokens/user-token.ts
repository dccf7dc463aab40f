import type { AddedParameters, TokenParameters } from '../config/token-parameters.ts'
import { given } from '../http/given.ts'
import { createSingleFlights } from '../oidc/single-flight.ts'
import type { AccessToken, Session, SessionRecord } from '../session/session.ts'
import { type KeyValue, type MaybePromise, StoreUnavailableError } from '../store/key-value.ts'
import { carriedToken } from './carried-token.ts'
import { createCoolDowns } from './cool-downs.ts'
import type { CreateDpopSigner } from './dpop.ts'
import { underLease } from './lease.ts'
import { underMark } from './refresh-mark.ts'
import { type RefreshDeps, type RefreshResult, refreshSession } from './refresh-session.ts'
import { createRefusedTokens } from './refused-token.ts'
import type { TokenFailure, TokenResult } from './token-result.ts'
import { isFresh, isValid, tokenSlot } from './token-slot.ts'
import { withAdded } from './with-added.ts'

/** For which API a token is wanted. */
export interface TokenTarget {
  readonly resource?: string
  readonly scope?: string
  /** The token that the API has just refused: refresh, unless it is new or was replaced already (T12, T14). */
  readonly rejected?: string
}

/** A user's access token for a target: fresh, or the reason why there is none. Rejects only with StoreUnavailableError. */
export type UserToken = (session: Session, target: TokenTarget) => MaybePromise<TokenResult>

/**
 * Refreshes a session's own token for the sake of its refresh token (`isRenewalDue`), as exactly once as any other
 * time. Waits a moment at most, and never rejects: what has come of it stands in the record.
 */
export type RenewSession = (session: Session) => Promise<void>

export interface UserTokenDeps extends RefreshDeps {
  readonly store: KeyValue
  readonly parameters: TokenParameters
  readonly signer: CreateDpopSigner
  /** Refresh this long ahead of expiry, in seconds. */
  readonly marginSeconds: number
  /** How long a request waits for a refresh, in seconds. */
  readonly waitersSeconds: number
  /** @default 5000 */
  readonly leaseMs?: number
}

interface Asked extends TokenTarget {
  readonly added: AddedParameters
  /** When the token was obtained in place of which any other will do, however fresh it is. */
  readonly otherThan?: number | undefined
}

/** A caller that holds a valid token does not wait long for a better one. */
const patienceMs = 1000

/**
 * User tokens, refreshed ahead of expiry and exactly once: one flight for each (session, resource, scope)
 * in this process, one lease for each session across processes. Those who do not hold the lease watch
 * the record instead of queueing.
 */
export function createUserToken(deps: UserTokenDeps): {
  readonly userToken: UserToken
  readonly renewSession: RenewSession
} {
  const { sessions, store, log, now, sleep, marginSeconds } = deps
  const flights = createSingleFlights<RefreshResult>()
  const refused = createRefusedTokens(now)
  const coolDowns = createCoolDowns(now)
  const results = new WeakMap<AccessToken, TokenResult>()
  const leaseMs = deps.leaseMs ?? 5000
  const onLost = () => log.event('lease.lost', { what: 'session refresh' })

  function asResult(token: AccessToken, record: SessionRecord): TokenResult {
    const known = results.get(token)
    if (known) return known
    const result = makeResult(token, record)
    results.set(token, result)
    return result
  }

  function makeResult(token: AccessToken, record: SessionRecord): TokenResult {
    if (token.type === 'bearer') return carriedToken(token, undefined, deps.signer)
    // A bound token without its key is useless, and is never sent as a Bearer token (T10).
    if (!record.dpopKey) return { kind: 'failed', code: 'session_expired' }
    return carriedToken(token, record.dpopKey, deps.signer)
  }

  function join(session: Session, slot: string, target: Asked): Promise<RefreshResult> {
    // Whoever was refused a token needs another one: that is another flight, behind the same lease.
    const name = `${placeOf(session, slot)} ${target.rejected ?? ''}`
    return flights.join(name, () => fly(session, slot, target))
  }

  /** Becomes the one who refreshes, or watches until somebody has. */
  async function fly(session: Session, slot: string, target: Asked): Promise<RefreshResult> {
    const isUsable = (token: AccessToken) =>
      token.obtainedAt !== target.otherThan &&
      !refused.isSpent(token, target.rejected) &&
      isFresh(token, now(), marginSeconds)
    // How long somebody waits is no matter of the clock on the wall, which may be set meanwhile.
    const giveUpAt = performance.now() + deps.waitersSeconds * 1000
    const { resource, scope, added } = target
    const request = {
      slot,
      added,
      isUsable,
      ...given({ resource, scope }),
    }
    for (let pauseMs = 25; ; pauseMs = Math.min(250, pauseMs * 2)) {
      const led = await underLease({ store, leaseMs, onLost }, `lease:${session.key}`, () =>
        underMark(deps, session.key, () => refreshSession(deps, session.key, request)),
      )
      if (led) return noteFailure(placeOf(session, slot), target, led.value)
      await sleep(pauseMs * (0.5 + Math.random()))
      const latest = await sessions.readFresh(session.key)
      if (!latest) return { kind: 'ended' }
      const token = latest.record.accessTokens[slot]
      if (token && isUsable(token)) return { kind: 'token', token, record: latest.record }
      if (performance.now() > giveUpAt) {
        return { kind: 'kept', code: 'token_unavailable', record: latest.record }
      }
    }
  }

  /** For each slot: one resource that the provider refuses must not cost the others anything (T15). */
  function noteFailure(name: string, target: TokenTarget, result: RefreshResult) {
    if (result.kind === 'kept') refused.noteFailure(target.rejected)
    if (result.kind === 'kept' && result.code !== 'token_expired') {
      coolDowns.begin(name, result.code)
    }
    return result
  }

  /** The token that the session had before, while it is valid and nobody refused it. */
  function oldToken(record: SessionRecord, slot: string, rejected: string | undefined) {
    const old = record.accessTokens[slot]
    return old && !refused.isSpent(old, rejected) && isValid(old, now()) ? old : undefined
  }

  async function renew(session: Session, slot: string, target: Asked): Promise<TokenResult> {
    const fallBack = (record: SessionRecord, code: TokenFailure): TokenResult => {
      const old = oldToken(record, slot, target.rejected)
      return old ? asResult(old, record) : { kind: 'failed', code }
    }
    const inVain = coolDowns.of(placeOf(session, slot))
    if (inVain !== undefined) return fallBack(session.record, inVain)

    const flight = join(session, slot, target)
    const old = oldToken(session.record, slot, target.rejected)
    const canDoWithOld = old?.expiresAt !== undefined && old.expiresAt - now() > 2 * patienceMs
    const waitersMs = deps.waitersSeconds * 1000
    let result = await withinMs(flight, canDoWithOld ? patienceMs : waitersMs)
    // The clock may have been set meanwhile: without a token to go on with there is no choice but to wait.
    const mustWait = canDoWithOld && !oldToken(session.record, slot, target.rejected)
    if (!result && mustWait) result = await withinMs(flight, waitersMs)
    if (!result) return fallBack(session.record, 'token_unavailable')
    if (result.kind === 'token') return asResult(result.token, result.record)
    if (result.kind === 'ended') return { kind: 'failed', code: 'session_expired' }
    return fallBack(result.record, result.code)
  }

  function find(session: Session, target: Asked): MaybePromise<TokenResult> {
    const slot = tokenSlot(target, target.added)
    const token = session.record.accessTokens[slot]
    const isGood = token && !refused.isSpent(token, target.rejected)
    if (isGood && isFresh(token, now(), marginSeconds)) {
      return asResult(token, session.record)
    }
    return renew(session, slot, target)
  }

  const failed = (cause: unknown): TokenResult => {
    log.event('unexpected.error', { where: 'hook tokenRequest', cause })
    return { kind: 'failed', code: 'token_unavailable' }
  }

  const userToken: UserToken = (session, target) => {
    const { resource, scope } = target
    const request = { ...(resource ? { resource } : {}), ...(scope ? { scope } : {}) }
    return withAdded(
      () => deps.parameters({ grant: 'refresh_token', ...request }),
      (added) => find(session, { ...target, added }),
      failed,
    )
  }

  async function renewSession(session: Session): Promise<void> {
    try {
      const added = await deps.parameters({ grant: 'refresh_token' })
      const slot = tokenSlot({}, added)
      if (coolDowns.of(placeOf(session, slot)) !== undefined) return
      const otherThan = session.record.accessTokens[slot]?.obtainedAt
      await withinMs(join(session, slot, { added, otherThan }), patienceMs)
    } catch (cause) {
      if (cause instanceof StoreUnavailableError) return
      log.event('unexpected.error', { where: 'refresh for the sake of the refresh token', cause })
    }
  }

  return { userToken, renewSession }
}

const placeOf = (session: Session, slot: string) => `${session.key} ${slot}`

/** Undefined when it takes longer. What goes on without us must not end the process by rejecting. */
async function withinMs<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined)
  })
  work.catch(() => undefined)
  try {
    return await Promise.race([work, tooLong])
  } finally {
    clearTimeout(timer)
  }
}
