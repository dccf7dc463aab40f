import type { KeyValue } from './key-value.ts'

/** Sends a command to the store, and follows what becomes of it. */
export type WatchCommand = <T>(command: string, send: () => Promise<T>) => Promise<T>

/** The same store, watched. What is answered from memory at once is no command. */
export function watchCommands(store: KeyValue, watch: WatchCommand): KeyValue {
  return {
    kind: store.kind,
    get(key) {
      const entry = store.get(key)
      return entry instanceof Promise ? watch('get', () => entry) : entry
    },
    getFresh: (key) => watch('get', () => store.getFresh(key)),
    create: (key, value, ttlMs) => watch('create', () => store.create(key, value, ttlMs)),
    replace: (key, version, value, ttlMs) =>
      watch('replace', () => store.replace(key, version, value, ttlMs)),
    touch: (key, ttlMs) => watch('touch', () => store.touch(key, ttlMs)),
    delete: (key) => watch('delete', () => store.delete(key)),
    addMember: (key, member, ttlMs) =>
      watch('add_member', () => store.addMember(key, member, ttlMs)),
    removeMember: (key, member) => watch('remove_member', () => store.removeMember(key, member)),
    members: (key) => watch('members', () => store.members(key)),
    acquireLease: (key, owner, ttlMs) =>
      watch('lease', () => store.acquireLease(key, owner, ttlMs)),
    renewLease: (key, owner, ttlMs) => watch('lease', () => store.renewLease(key, owner, ttlMs)),
    releaseLease: (key, owner) => watch('lease', () => store.releaseLease(key, owner)),
    ping: () => watch('ping', () => store.ping()),
    close: () => store.close(),
  }
}
