/** A value, or a promise of it where the store has to ask somebody. */
export type MaybePromise<T> = T | Promise<T>

/** As `then` of a promise, but at once with a value that is there: the hot path waits for nothing. */
export function whenKnown<T, U>(
  found: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
  onRejected?: (cause: unknown) => MaybePromise<U>,
): MaybePromise<U> {
  return found instanceof Promise ? found.then(next, onRejected) : next(found)
}

/**
 * One stored value. A store answers the same (`===`) object for as long as nothing changed, so that
 * a caller may remember what it made of the value in a WeakMap.
 */
export interface Entry {
  readonly value: string
  /** 1 at creation, one more with every `replace`. A `touch` leaves it alone. */
  readonly version: number
  /** Epoch milliseconds by the store's clock. An expired entry is never answered, cached or not. */
  readonly expiresAt: number
}

/**
 * What Cloakroom needs of a store. Every write is atomic; nothing resurrects a deleted key.
 * When the store cannot be reached, every operation rejects (or throws) with StoreUnavailableError;
 * it never answers "not there" for "I could not look". A write that was rejected so may have been done
 * all the same: the answer was lost, not necessarily the write.
 *
 * Entries, sets and leases are three name spaces: the same key in two of them is two things, and
 * `delete` removes entries only. Keys, values, members and owners are well-formed Unicode strings.
 * A `ttlMs` is a positive number of milliseconds by the store's clock.
 */
export interface KeyValue {
  readonly kind: 'memory' | 'sqlite' | 'redis' | 'upstash' | 'postgres'
  /** May be answered from a cache in this process, which must see the writes of other processes. */
  get(key: string): MaybePromise<Entry | undefined>
  /** As `get`, but past every cache in this process. */
  getFresh(key: string): Promise<Entry | undefined>
  /** Stores a new key at version 1. False, and nothing is written, when the key exists. */
  create(key: string, value: string, ttlMs: number): Promise<boolean>
  /**
   * Compare-and-set: writes only when the key exists at exactly `version`; the expiry becomes `ttlMs`
   * from now, or stays as it was without it. Answers the new version, or undefined when it lost.
   */
  replace(key: string, version: number, value: string, ttlMs?: number): Promise<number | undefined>
  /** Sets the expiry of an existing key to `ttlMs` from now. False when there is none. */
  touch(key: string, ttlMs: number): Promise<boolean>
  /** True when this call removed the key. */
  delete(key: string): Promise<boolean>

  /** A set of strings under `key`; its expiry becomes the later of its own and `ttlMs` from now. */
  addMember(key: string, member: string, ttlMs: number): Promise<void>
  removeMember(key: string, member: string): Promise<void>
  members(key: string): Promise<string[]>

  /**
   * A lease: true when nobody held it (or it had run out) and `owner` holds it now. False for its own
   * holder too: every attempt brings a random owner of its own.
   */
  acquireLease(key: string, owner: string, ttlMs: number): Promise<boolean>
  /** False when `owner` no longer holds it. */
  renewLease(key: string, owner: string, ttlMs: number): Promise<boolean>
  /** Compare-and-delete: another owner's lease is left alone. */
  releaseLease(key: string, owner: string): Promise<boolean>

  /** Resolves when the store answers. For the readiness check. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The store did not answer. Means 503 with Retry-After, never "signed out". */
export class StoreUnavailableError extends Error {
  readonly code = 'store_unavailable'
  constructor(cause: unknown) {
    super('the session store is unavailable', { cause })
    this.name = 'StoreUnavailableError'
  }
}

/** What was asked for could be read, but nothing is written: a full disk. To try again does not help. */
export class StoreFullError extends StoreUnavailableError {
  constructor(cause: unknown) {
    super(cause)
    this.name = 'StoreFullError'
  }
}
