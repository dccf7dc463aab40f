import type { Cipher } from '../session/cipher.ts'
import type { Session } from '../session/session.ts'
import type { KeyValue } from '../store/key-value.ts'

/** A refresh token that outlives its session here, and whose it is. */
export interface LeftToken {
  readonly refreshToken: string
  readonly dpopKey?: JsonWebKey
  readonly issuer: string
  readonly sub: string
  readonly sid?: string
}

/**
 * What is kept beside a session, so that its refresh token can be given back when the session has ended and nobody has
 * said so: it expired, or another one took its place. The record itself goes when it expires (S4).
 */
export interface LeftTokens {
  /** The session has this refresh token now; `begun`: its first. Never rejects: it is worth no answer that fails. */
  note(session: Session, when: 'begun' | 'refreshed'): Promise<void>
  /** The session is over, and its token is to be given back soon. Never rejects. */
  ended(sessionKey: string): Promise<void>
  /** The token is given back, or dead. Never rejects. */
  forget(sessionKey: string): Promise<void>
  /** Rejects with StoreUnavailableError. */
  find(sessionKey: string): Promise<LeftToken | undefined>
  /** Keys of sessions to look at, of the times up to now, each with its time. Rejects with StoreUnavailableError. */
  due(): AsyncGenerator<Due>
  /** To be looked at again, at the earliest in ten minutes. Rejects with StoreUnavailableError. */
  again(due: Due, at: number): Promise<void>
  /** Nothing is left to do. Rejects with StoreUnavailableError. */
  settle(due: Due): Promise<void>
}

export interface Due {
  readonly sessionKey: string
  readonly slice: number
}

/** Sessions that end within the same ten minutes are looked at together. */
const sliceMs = 10 * 60_000
/** How long after its time a token is still given back, where no server ran at the time. */
const graceMs = 24 * 60 * 60_000
const cursorKey = 'left-tokens'

export interface LeftTokensDeps {
  readonly store: KeyValue
  readonly cipher: Cipher
  /** Whether the provider takes tokens back, and is meant to. Rejects when it cannot be asked. */
  readonly isWanted: () => Promise<boolean>
  readonly now: () => number
}

export function createLeftTokens({ store, cipher, isWanted, now }: LeftTokensDeps): LeftTokens {
  const sliceOf = (at: number) => Math.floor(at / sliceMs)
  const setOf = (slice: number) => `left-tokens:${slice}`
  const keyOf = (sessionKey: string) => `left-token:${sessionKey}`

  /** Never into one that may be over already, by whatever clock. */
  async function enter(sessionKey: string, at: number): Promise<void> {
    const slice = Math.max(sliceOf(at), sliceOf(now())) + 1
    await store.addMember(setOf(slice), sessionKey, slice * sliceMs - now() + graceMs)
  }

  async function write(key: string, value: string, ttlMs: number): Promise<'new' | 'known'> {
    for (;;) {
      if (await store.create(key, value, ttlMs)) return 'new'
      const entry = await store.getFresh(key)
      if (entry && (await store.replace(key, entry.version, value))) return 'known'
    }
  }

  /** What was looked at is not listed again, but for the ten minutes that are not over. */
  async function goOnFrom(slice: number): Promise<void> {
    await write(cursorKey, String(slice), graceMs)
  }

  return {
    async note({ key, record, expiresAt }, when) {
      const { refreshToken, dpopKey, issuer, sub, sid, absoluteAt } = record
      if (refreshToken === undefined) return
      try {
        if (!(await isWanted())) return
        const left: LeftToken = {
          ...{ refreshToken, issuer, sub },
          ...(dpopKey && { dpopKey }),
          ...(sid !== undefined && { sid }),
        }
        const value = await cipher.encrypt(keyOf(key), JSON.stringify(left))
        const ttlMs = absoluteAt - now() + graceMs
        if (when === 'begun') {
          // At once: two writes of one turn cost a store little more than one.
          await Promise.all([write(keyOf(key), value, ttlMs), enter(key, expiresAt)])
          return
        }
        const known = await write(keyOf(key), value, ttlMs)
        if (known === 'new') await enter(key, expiresAt)
      } catch {
        // The store or the provider is away: this token stays valid there until it ends by itself.
      }
    },
    async ended(sessionKey) {
      try {
        if (await store.getFresh(keyOf(sessionKey))) await enter(sessionKey, now())
      } catch {
        // It is looked at when the session would have expired.
      }
    },
    async forget(sessionKey) {
      await store.delete(keyOf(sessionKey)).catch(() => undefined)
    },
    async find(sessionKey) {
      const entry = await store.getFresh(keyOf(sessionKey))
      const plain = entry && (await cipher.decrypt(keyOf(sessionKey), entry.value))
      return plain && (JSON.parse(plain.text) as LeftToken)
    },
    async *due() {
      const last = sliceOf(now())
      const first = Number((await store.getFresh(cursorKey))?.value ?? last - graceMs / sliceMs)
      for (let slice = first; slice <= last; slice += 1) {
        const members = await store.members(setOf(slice))
        for (const sessionKey of members) yield { sessionKey, slice }
        if (members.length > 0 || slice === last) await goOnFrom(slice)
      }
    },
    async again({ sessionKey, slice }, at) {
      await enter(sessionKey, at)
      await store.removeMember(setOf(slice), sessionKey)
    },
    async settle({ sessionKey, slice }) {
      await store.delete(keyOf(sessionKey))
      await store.removeMember(setOf(slice), sessionKey)
    },
  }
}
