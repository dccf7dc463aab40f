import { type KeyValue, StoreUnavailableError } from './key-value.ts'

/** Called once per outage, whatever the number of operations that it fails. */
export interface StoreEvents {
  /** The first operation that the store did not answer. */
  onDown?(outage: { store: KeyValue['kind']; cause: unknown }): void
  /** The first operation begun after that which it did answer. */
  onUp?(outage: { store: KeyValue['kind']; downMs: number }): void
  /** A file of the store that other users of the machine could read or write. */
  onExposed?(exposed: { file: string; tightened: boolean }): void
}

/** Tells of the outages of one server. */
export interface Outages {
  failed(error: unknown): void
  /** It answers again, or another has its place. */
  over(): void
  /** Answers the same promise, and tells by what becomes of it. */
  watch<T>(operation: Promise<T>): Promise<T>
}

export function createOutages(
  kind: KeyValue['kind'],
  { onDown, onUp }: StoreEvents,
  clock: () => number = () => performance.now(),
): Outages {
  let downSince: number | undefined

  function failed(error: unknown): void {
    if (downSince !== undefined || !(error instanceof StoreUnavailableError)) return
    downSince = clock()
    onDown?.({ store: kind, cause: error.cause })
  }

  function succeeded(): void {
    if (downSince === undefined) return
    const downMs = Math.round(clock() - downSince)
    downSince = undefined
    onUp?.({ store: kind, downMs })
  }

  async function watch<T>(operation: Promise<T>): Promise<T> {
    const begunDuring = downSince
    try {
      const result = await operation
      if (begunDuring === downSince) succeeded()
      return result
    } catch (error) {
      failed(error)
      throw error
    }
  }

  return { failed, watch, over: succeeded }
}

/**
 * The same store, with its outages reported. A read that is answered at once proves nothing (it may
 * come from memory), so only what had to be waited for ends an outage; nor does an operation that was
 * begun before the outage was noticed.
 */
export function watchHealth(
  store: KeyValue,
  events: StoreEvents,
  clock: () => number = () => performance.now(),
): KeyValue {
  const { failed, watch } = createOutages(store.kind, events, clock)

  return {
    kind: store.kind,
    get(key) {
      try {
        const entry = store.get(key)
        return entry instanceof Promise ? watch(entry) : entry
      } catch (error) {
        failed(error)
        throw error
      }
    },
    getFresh: (key) => watch(store.getFresh(key)),
    create: (key, value, ttlMs) => watch(store.create(key, value, ttlMs)),
    replace: (key, version, value, ttlMs) => watch(store.replace(key, version, value, ttlMs)),
    touch: (key, ttlMs) => watch(store.touch(key, ttlMs)),
    delete: (key) => watch(store.delete(key)),
    addMember: (key, member, ttlMs) => watch(store.addMember(key, member, ttlMs)),
    removeMember: (key, member) => watch(store.removeMember(key, member)),
    members: (key) => watch(store.members(key)),
    acquireLease: (key, owner, ttlMs) => watch(store.acquireLease(key, owner, ttlMs)),
    renewLease: (key, owner, ttlMs) => watch(store.renewLease(key, owner, ttlMs)),
    releaseLease: (key, owner) => watch(store.releaseLease(key, owner)),
    ping: () => watch(store.ping()),
    close: () => store.close(),
  }
}
