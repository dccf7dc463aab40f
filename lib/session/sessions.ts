import { type BoundedMap, createBoundedMap } from '../store/bounded-map.ts'
import { type Entry, type KeyValue, type MaybePromise, whenKnown } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import type { Cipher } from './cipher.ts'
import { isRenewalDue } from './refresh-life.ts'
import type { Session, SessionRecord } from './session.ts'
import type { SessionIndex } from './session-index.ts'
import type { Ticket, Tickets } from './ticket.ts'

/** What a request's cookie led to. `setCookie` replaces a ticket that was sealed under an older secret. */
export type SessionRead =
  | { readonly kind: 'none' }
  | { readonly kind: 'session'; readonly session: Session; readonly setCookie?: string }

export interface SessionsDeps {
  readonly store: KeyValue
  readonly cipher: Cipher
  readonly tickets: Tickets
  readonly index: SessionIndex
  readonly log: Log
  readonly now: () => number
  readonly idleSeconds: number
  readonly touchEverySeconds: number
  /** What an entry said when it was last decrypted. @default a memory of its own */
  readonly decoded?: Pick<BoundedMap<Decoded>, 'get' | 'set' | 'delete'> | undefined
  /** Is told the key of a session that was ended here. @default nobody is */
  readonly onEnded?: (key: string) => void
  /** Uses the refresh token of a session for its own sake. Never rejects. */
  readonly renew: (session: Session) => Promise<void>
}

/** A record, as it was last decrypted. */
export interface Decoded {
  readonly entry: Entry
  readonly session: Session
}

/** For the sessions of all frontends together. */
export function createRecordMemory(): BoundedMap<Decoded> {
  return createBoundedMap<Decoded>({
    maxWeight: 48 * 1024 * 1024,
    // The encrypted text, and a record that is about as long.
    weigh: ({ entry }) => 2 * entry.value.length + 1000,
  })
}

const none: SessionRead = { kind: 'none' }
/** Of the sessions of one account, between two turns of everybody else. */
const decryptedAtOnce = 8

/**
 * The sessions of all browsers. Every operation rejects with StoreUnavailableError when the store
 * cannot be asked; a tampered, foreign or expired ticket is simply no session (S3).
 */
export function createSessions(deps: SessionsDeps) {
  const { store, cipher, tickets, index, log, now } = deps
  const idleMs = deps.idleSeconds * 1000
  // Looked up by key and valid for that very value only.
  const { decoded = createRecordMemory() } = deps
  const busy = new Set<string>()

  const ttlMs = (record: SessionRecord, at = now()) => Math.min(idleMs, record.absoluteAt - at)

  function decode(key: string, entry: Entry | undefined): MaybePromise<Session | undefined> {
    if (!entry) {
      decoded.delete(key)
      return undefined
    }
    const known = decoded.get(key)
    if (known?.entry === entry) return known.session
    if (known?.entry.value === entry.value) return remember(key, entry, known.session.record)
    return decrypt(key, entry)
  }

  async function decrypt(key: string, entry: Entry): Promise<Session | undefined> {
    const plain = await cipher.decrypt(key, entry.value)
    if (!plain) {
      log.event('session.unreadable', { reason: 'no key of ours opens this record' })
      return undefined
    }
    const session = remember(key, entry, JSON.parse(plain.text) as SessionRecord)
    if (plain.outdated) inBackground(`reencrypt ${key}`, () => save(session, session.record))
    return session
  }

  function remember(key: string, entry: Entry, record: SessionRecord): Session {
    const session = { key, version: entry.version, expiresAt: entry.expiresAt, record }
    decoded.set(key, { entry, session })
    return session
  }

  function live(session: Session | undefined): Session | undefined {
    // Idle expiry is the store's: it never answers an expired entry, by its own clock (S4).
    return session && session.record.absoluteAt > now() ? session : undefined
  }

  /** At most one of a name at a time; a failure is logged and tried again at a later use. */
  function inBackground(name: string, task: () => Promise<unknown>): void {
    if (busy.has(name)) return
    busy.add(name)
    task()
      .catch((cause: unknown) => log.event('session.touch_failed', { cause }))
      .finally(() => busy.delete(name))
  }

  /** A use extends the idle lifetime; it is written at most once per `touchEvery`. */
  function used(session: Session): Session {
    const at = now()
    const ttl = ttlMs(session.record, at)
    const expiresAt = at + ttl
    const gained = expiresAt - session.expiresAt
    if (gained < deps.touchEverySeconds * 1000 && gained < ttl / 2) return session
    inBackground(`touch ${session.key}`, () => store.touch(session.key, ttl))
    return { ...session, expiresAt }
  }

  function found(
    ticket: Ticket,
    session: Session | undefined,
    mode: 'use' | 'peek',
  ): MaybePromise<SessionRead> {
    const stored = live(session)
    if (!stored) return none
    return isRenewalDue(stored.record, mode, now())
      ? renewed(ticket, stored, mode)
      : answered(ticket, stored, mode)
  }

  async function renewed(ticket: Ticket, session: Session, mode: 'use' | 'peek') {
    await deps.renew(session)
    const latest = live(await decode(ticket.key, await store.get(ticket.key)))
    return latest ? answered(ticket, latest, mode) : none
  }

  function answered(ticket: Ticket, stored: Session, mode: 'use' | 'peek'): SessionRead {
    const alive = mode === 'use' ? used(stored) : stored
    return ticket.setCookie === undefined
      ? { kind: 'session', session: alive }
      : { kind: 'session', session: alive, setCookie: ticket.setCookie }
  }

  /**
   * With Redis or PostgreSQL, the report that another process has ended a session may lie unread in its socket when
   * the next request of that browser is read. At the end of the turn it has been read too, and what the
   * store remembers is what was true when the request arrived.
   */
  const isTold = store.kind === 'redis' || store.kind === 'postgres'
  const endOfTurn = isTold ? () => new Promise<void>(setImmediate) : undefined

  function lookUp(ticket: Ticket | undefined, mode: 'use' | 'peek'): MaybePromise<SessionRead> {
    if (!ticket) return none
    return endOfTurn ? endOfTurn().then(() => readEntry(ticket, mode)) : readEntry(ticket, mode)
  }

  function readEntry(ticket: Ticket, mode: 'use' | 'peek'): MaybePromise<SessionRead> {
    const session = whenKnown(store.get(ticket.key), (entry) => decode(ticket.key, entry))
    return whenKnown(session, (it) => found(ticket, it, mode))
  }

  async function save(session: Session, record: SessionRecord): Promise<Session | undefined> {
    const value = await cipher.encrypt(session.key, JSON.stringify(record))
    // Without a lifetime: a save of ours is no use by the user, and extends nothing.
    const version = await store.replace(session.key, session.version, value)
    if (version === undefined) return undefined
    return remember(session.key, { value, version, expiresAt: session.expiresAt }, record)
  }

  async function readFresh(key: string): Promise<Session | undefined> {
    return live(await decode(key, await store.getFresh(key)))
  }

  async function end(session: Session): Promise<boolean> {
    const removed = await store.delete(session.key)
    decoded.delete(session.key)
    deps.onEnded?.(session.key)
    // The record is gone, and that is what counts; index entries of ended sessions are skipped by readers.
    await index.remove(session.record, session.key).catch((cause: unknown) => {
      log.event('session.end_failed', { cause })
    })
    return removed
  }

  async function findAll(keys: string[]): Promise<Session[]> {
    const found: Session[] = []
    for (let i = 0; i < keys.length; i += decryptedAtOnce) {
      // An account with hundreds of sessions must not hold up everybody else (O11).
      if (i > 0) await new Promise<void>((resolve) => setImmediate(resolve))
      const some = await Promise.all(keys.slice(i, i + decryptedAtOnce).map(readFresh))
      found.push(...some.filter((session) => session !== undefined))
    }
    return found
  }

  return {
    /**
     * The session of a request. `use` extends the idle lifetime (in the background, at most once per
     * `touchEvery`), `peek` does not. Answers without a promise when ticket, entry and record are known.
     * `onForged` is told of a ticket that is not ours (A5).
     */
    read(
      cookieHeader: string | undefined,
      mode: 'use' | 'peek',
      onForged?: () => void,
    ): MaybePromise<SessionRead> {
      const ticket = tickets.read(cookieHeader, onForged)
      return whenKnown(ticket, (it) => lookUp(it, mode))
    },
    /**
     * By its store key, without extending it; from memory, where the store vouches for it. `unchanged`, and nothing is
     * decrypted, while its entry is as `last` has it. May throw as it may reject.
     */
    peek(
      key: string,
      last: Pick<Session, 'version' | 'expiresAt'>,
    ): MaybePromise<Session | 'unchanged' | undefined> {
      return whenKnown(store.get(key), (entry) =>
        entry && entry.version === last.version && entry.expiresAt === last.expiresAt
          ? 'unchanged'
          : whenKnown(decode(key, entry), live),
      )
    },
    /** Stores a new session under a new id; answers it with its cookie (L9). */
    async create(record: SessionRecord): Promise<{ session: Session; setCookie: string }> {
      const { id, key } = tickets.issue()
      const ttl = ttlMs(record)
      const value = await cipher.encrypt(key, JSON.stringify(record))
      // At once: nobody has the ticket before all is written, and a logout meanwhile leaves a mark (L16).
      const [created, setCookie] = await Promise.all([
        store.create(key, value, ttl),
        tickets.cookie(id, record.absoluteAt),
        index.add(record, key, record.absoluteAt - now()),
      ])
      if (!created) throw new Error('session id collision')
      const session = remember(key, { value, version: 1, expiresAt: now() + ttl }, record)
      return { session, setCookie }
    },
    /** Compare-and-set. Undefined: the session has ended or changed since it was read; nothing was written. */
    save,
    /** Reads past every cache, by store key. */
    readFresh,
    /** Ends a session. True when this call ended it, so that only one caller goes on to revoke (S7). */
    end,
    clearCookie: tickets.clearCookie,
    findBySub: async (issuer: string, sub: string) => findAll(await index.bySub(issuer, sub)),
    findBySid: async (issuer: string, sid: string) => findAll(await index.bySid(issuer, sid)),
  }
}

export type Sessions = ReturnType<typeof createSessions>
