import type { Entry, KeyValue } from './key-value.ts'

export interface MemoryStoreOptions {
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

interface MemberSet {
  readonly members: Set<string>
  expiresAt: number
}

interface Lease {
  readonly owner: string
  expiresAt: number
}

/**
 * Everything in this process: for development, tests and a single throw-away instance. Gone with the
 * process. Needs no timer: what has expired is dropped when it is met, and every write looks at a few
 * more keys, so that memory follows what is alive.
 */
export function createMemoryStore({ now = Date.now }: MemoryStoreOptions = {}): KeyValue {
  const entries = createExpiringMap<Entry>(now)
  const sets = createExpiringMap<MemberSet>(now)
  const leases = createExpiringMap<Lease>(now)

  return {
    kind: 'memory',
    get: entries.get,
    getFresh: async (key) => entries.get(key),
    async create(key, value, ttlMs) {
      if (entries.get(key)) return false
      entries.set(key, { value, version: 1, expiresAt: now() + ttlMs })
      return true
    },
    async replace(key, version, value, ttlMs) {
      const entry = entries.get(key)
      if (entry?.version !== version) return undefined
      const expiresAt = ttlMs === undefined ? entry.expiresAt : now() + ttlMs
      entries.set(key, { value, version: version + 1, expiresAt })
      return version + 1
    },
    async touch(key, ttlMs) {
      const entry = entries.get(key)
      if (!entry) return false
      entries.set(key, { ...entry, expiresAt: now() + ttlMs })
      return true
    },
    delete: async (key) => entries.delete(key),

    async addMember(key, member, ttlMs) {
      const set = sets.get(key) ?? { members: new Set<string>(), expiresAt: 0 }
      set.members.add(member)
      set.expiresAt = Math.max(set.expiresAt, now() + ttlMs)
      sets.set(key, set)
    },
    async removeMember(key, member) {
      const set = sets.get(key)
      if (set?.members.delete(member) && set.members.size === 0) sets.delete(key)
    },
    members: async (key) => [...(sets.get(key)?.members ?? [])],

    async acquireLease(key, owner, ttlMs) {
      if (leases.get(key)) return false
      leases.set(key, { owner, expiresAt: now() + ttlMs })
      return true
    },
    async renewLease(key, owner, ttlMs) {
      if (leases.get(key)?.owner !== owner) return false
      leases.set(key, { owner, expiresAt: now() + ttlMs })
      return true
    },
    async releaseLease(key, owner) {
      return leases.get(key)?.owner === owner && leases.delete(key)
    },

    async ping() {},
    async close() {},
  }
}

/** How many keys a write looks at: more than one, or garbage would outgrow the sweep. */
const sweepStep = 4

/** A map whose items are gone from their `expiresAt` on. */
export function createExpiringMap<V extends { readonly expiresAt: number }>(now: () => number) {
  const items = new Map<string, V>()
  let cursor = items.entries()

  function sweep(): void {
    for (let i = 0; i < sweepStep; i++) {
      const next = cursor.next()
      if (next.done) {
        cursor = items.entries()
        return
      }
      const [key, item] = next.value
      if (item.expiresAt <= now()) items.delete(key)
    }
  }

  return {
    get(key: string): V | undefined {
      const item = items.get(key)
      if (item === undefined || item.expiresAt > now()) return item
      items.delete(key)
      return undefined
    },
    set(key: string, item: V): void {
      items.set(key, item)
      sweep()
    },
    size: () => items.size,
    /** True when something alive was removed. */
    delete(key: string): boolean {
      const item = items.get(key)
      return items.delete(key) && item !== undefined && item.expiresAt > now()
    },
  }
}
