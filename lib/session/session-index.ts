import { createHash } from 'node:crypto'
import type { KeyValue } from '../store/key-value.ts'
import type { SessionRecord } from './session.ts'

/** Finds sessions by whom they belong to: for back-channel logout, listing and "sign out everywhere". */
export function createSessionIndex(store: KeyValue) {
  const keysOf = (record: Pick<SessionRecord, 'issuer' | 'sub' | 'sid'>) => [
    indexKey('sub', record.issuer, record.sub),
    ...(record.sid === undefined ? [] : [indexKey('sid', record.issuer, record.sid)]),
  ]
  return {
    async add(record: SessionRecord, sessionKey: string, ttlMs: number): Promise<void> {
      await Promise.all(keysOf(record).map((key) => store.addMember(key, sessionKey, ttlMs)))
    },
    async remove(record: SessionRecord, sessionKey: string): Promise<void> {
      await Promise.all(keysOf(record).map((key) => store.removeMember(key, sessionKey)))
    },
    bySub: (issuer: string, sub: string) => store.members(indexKey('sub', issuer, sub)),
    bySid: (issuer: string, sid: string) => store.members(indexKey('sid', issuer, sid)),
  }
}

export type SessionIndex = ReturnType<typeof createSessionIndex>

function indexKey(kind: 'sub' | 'sid', issuer: string, value: string): string {
  return `${kind}:${createHash('sha256').update(`${issuer}\0${value}`).digest('base64url')}`
}
