import { setTimeout as sleep } from 'node:timers/promises'
import type { Sessions } from '../session/sessions.ts'
import { type KeyValue, StoreUnavailableError } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { underLease } from './lease.ts'
import type { Due, LeftToken, LeftTokens } from './left-tokens.ts'
import type { Revocation } from './revocation.ts'

export interface GiveBackTokensDeps {
  readonly store: KeyValue
  readonly sessions: Pick<Sessions, 'findBySub'>
  readonly left: LeftTokens
  readonly revoke: Revocation
  /** Whether the provider keeps the tokens of two of its sessions apart. Rejects when it cannot be asked. */
  readonly isSidApart: () => Promise<boolean>
  readonly log: Log
  readonly now: () => number
  /** @default five minutes */
  readonly everyMs?: number | undefined
}

const fiveMinutesMs = 5 * 60_000
const laterMs = 30 * 60_000
const leaseMs = 60_000
/** Between two pauses. */
const step = 20
const pauseMs = 100

/**
 * Gives the refresh tokens of sessions back that expired or were replaced (RFC 7009): one instance at a time, every
 * five minutes, a few and then a pause, beside whatever calls are under way. `end` stops it.
 */
export function createGiveBackTokens(deps: GiveBackTokensDeps) {
  const { store, sessions, left, log, now, everyMs = fiveMinutesMs } = deps
  const over = new AbortController()
  const { signal } = over

  /**
   * Some providers end a user's whole grant with one token of it, or all that one sign-on has given: nobody is to be
   * signed out elsewhere by the end of a session that is over.
   */
  async function isSharedWithLive({ issuer, sub, sid }: LeftToken): Promise<boolean> {
    const live = await sessions.findBySub(issuer, sub)
    if (live.length === 0) return false
    if (sid === undefined || !(await deps.isSidApart())) return true
    return live.some(({ record }) => record.sid === undefined || record.sid === sid)
  }

  async function lookAt(due: Due): Promise<void> {
    const live = await store.getFresh(due.sessionKey)
    if (live) return left.again(due, live.expiresAt)
    const token = await left.find(due.sessionKey)
    if (!token) return left.settle(due)
    if (await isSharedWithLive(token)) return left.again(due, now() + laterMs)
    const { refreshToken, dpopKey, sub } = token
    const outcome = await deps.revoke({ refreshToken, dpopKey }, sub)
    return outcome === 'unanswered' ? left.again(due, now()) : left.settle(due)
  }

  async function giveBack(): Promise<void> {
    let count = 0
    for await (const due of left.due()) {
      if (signal.aborted) return
      await lookAt(due)
      count += 1
      if (count % step === 0) await sleep(pauseMs, undefined, { ref: false, signal })
    }
  }

  /** Never rejects. */
  async function once(): Promise<void> {
    const onLost = () => log.event('lease.lost', { what: 'revocation of tokens that are left' })
    try {
      await underLease({ store, leaseMs, onLost }, 'left-tokens', giveBack)
    } catch (cause) {
      // The store tells of its own outages; what was not looked at is at the next time.
      if (signal.aborted || cause instanceof StoreUnavailableError) return
      log.event('unexpected.error', { where: 'revocation of tokens that are left', cause })
    }
  }

  return {
    async begin(): Promise<void> {
      while (!signal.aborted) {
        // Instances that started together do not ask together.
        const ms = everyMs * (0.8 + 0.4 * Math.random())
        await sleep(ms, undefined, { ref: false, signal }).catch(() => undefined)
        if (!signal.aborted) await once()
      }
    },
    end: () => over.abort(),
  }
}
