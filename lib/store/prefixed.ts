import type { KeyValue } from './key-value.ts'

/**
 * A part of a store: every key gets what tells it apart from those of others. `close` is left to whoever opened the
 * store. Without a prefix it is the store itself, but for that.
 */
export function createPrefixed(store: KeyValue, prefix: string): KeyValue {
  return {
    kind: store.kind,
    get: (key) => store.get(prefix + key),
    getFresh: (key) => store.getFresh(prefix + key),
    create: (key, ...rest) => store.create(prefix + key, ...rest),
    replace: (key, ...rest) => store.replace(prefix + key, ...rest),
    touch: (key, ttlMs) => store.touch(prefix + key, ttlMs),
    delete: (key) => store.delete(prefix + key),
    addMember: (key, ...rest) => store.addMember(prefix + key, ...rest),
    removeMember: (key, member) => store.removeMember(prefix + key, member),
    members: (key) => store.members(prefix + key),
    acquireLease: (key, ...rest) => store.acquireLease(prefix + key, ...rest),
    renewLease: (key, ...rest) => store.renewLease(prefix + key, ...rest),
    releaseLease: (key, owner) => store.releaseLease(prefix + key, owner),
    ping: () => store.ping(),
    close: async () => {},
  }
}
