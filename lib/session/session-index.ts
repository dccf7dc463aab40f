import type { KeyValue } from '../store/key-value.ts'
import type { SessionRecord } from './session.ts'
import { subjectKey } from './subject-key.ts'

export interface SessionIndexDeps {
  readonly store: KeyValue
  readonly now: () => number
  /** Chance in one that a sign-in clears the user's set of sessions that are long over. @default 1/16 */
  readonly pruneChance?: number
}

/** Finds sessions by whom they belong to: for back-channel logout, listing and "sign out everywhere". */
export function createSessionIndex({ store, now, pruneChance = 1 / 16 }: SessionIndexDeps) {
  const keysOf = (record: Pick<SessionRecord, 'issuer' | 'sub' | 'sid'>) => [
    subjectKey('sub', record.issuer, record.sub),
    ...(record.sid === undefined ? [] : [subjectKey('sid', record.issuer, record.sid)]),
  ]

  /** Sessions that ended by their idle lifetime left their names behind; their time tells which are over. */
  async function prune(key: string): Promise<void> {
    const over = (await store.members(key)).filter(
      (member) => parseMember(member).absoluteAt < now(),
    )
    for (const member of over) await store.removeMember(key, member)
  }

  async function find(key: string): Promise<string[]> {
    return (await store.members(key)).map((member) => parseMember(member).sessionKey)
  }

  return {
    async add(record: SessionRecord, sessionKey: string, ttlMs: number): Promise<void> {
      const member = memberOf(record, sessionKey)
      const keys = keysOf(record)
      await Promise.all(keys.map((key) => store.addMember(key, member, ttlMs)))
      if (Math.random() < pruneChance) await Promise.all(keys.map(prune))
    },
    async remove(record: SessionRecord, sessionKey: string): Promise<void> {
      const member = memberOf(record, sessionKey)
      await Promise.all(keysOf(record).map((key) => store.removeMember(key, member)))
    },
    bySub: (issuer: string, sub: string) => find(subjectKey('sub', issuer, sub)),
    bySid: (issuer: string, sid: string) => find(subjectKey('sid', issuer, sid)),
  }
}

export type SessionIndex = ReturnType<typeof createSessionIndex>

function memberOf({ absoluteAt }: SessionRecord, sessionKey: string): string {
  return `${sessionKey} ${absoluteAt}`
}

function parseMember(member: string): { sessionKey: string; absoluteAt: number } {
  const [sessionKey = '', absoluteAt] = member.split(' ')
  return { sessionKey, absoluteAt: Number(absoluteAt) }
}
