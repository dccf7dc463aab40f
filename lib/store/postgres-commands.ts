import { type Entry, type KeyValue, StoreUnavailableError } from './key-value.ts'
import type { PostgresAnswer } from './postgres-connection.ts'
import { originalText, storedName, storedText } from './postgres-text.ts'
import type { StatementName } from './postgres-wire.ts'

export interface PostgresCommandsDeps {
  run(statement: StatementName, ...values: string[]): Promise<PostgresAnswer>
}

export interface PostgresCommands
  extends Omit<KeyValue, 'kind' | 'get' | 'getFresh' | 'ping' | 'close'> {
  /** By the name that the entry is stored under. */
  read(name: string): Promise<Entry | undefined>
}

/** The contract in statements, without anything that is remembered. */
export function createPostgresCommands({ run }: PostgresCommandsDeps): PostgresCommands {
  const wrote = async (statement: StatementName, ...values: string[]): Promise<boolean> =>
    (await run(statement, ...values)).count > 0

  return {
    read: async (name) => parseEntry((await run('read', name)).rows),
    create: (key, value, ttlMs) =>
      wrote('create', storedName(key), storedText(value), whole(ttlMs)),
    async replace(key, version, value, ttlMs) {
      const ttl = ttlMs === undefined ? '' : whole(ttlMs)
      const values = [storedName(key), `${version}`, storedText(value), ttl]
      const { rows } = await run('replace', ...values)
      return rows[0] ? Number(rows[0][0]) : undefined
    },
    touch: (key, ttlMs) => wrote('touch', storedName(key), whole(ttlMs)),
    delete: (key) => wrote('delete', storedName(key)),

    async addMember(key, member, ttlMs) {
      const id = storedName(member)
      const text = storedText(member)
      await run('addMember', storedName(key), id, id === text ? '' : text, whole(ttlMs))
    },
    async removeMember(key, member) {
      await run('removeMember', storedName(key), storedName(member))
    },
    async members(key) {
      const { rows } = await run('members', storedName(key))
      return rows.map(([member]) => originalText(String(member)))
    },

    acquireLease: (key, owner, ttlMs) =>
      wrote('acquireLease', storedName(key), storedText(owner), whole(ttlMs)),
    renewLease: (key, owner, ttlMs) =>
      wrote('renewLease', storedName(key), storedText(owner), whole(ttlMs)),
    releaseLease: (key, owner) => wrote('releaseLease', storedName(key), storedText(owner)),
  }
}

function parseEntry([row]: PostgresAnswer['rows']): Entry | undefined {
  if (!row) return undefined
  const [value, version, expiresAt] = row
  if (typeof value !== 'string') {
    throw new StoreUnavailableError(new Error('an answer that is no entry'))
  }
  return { value: originalText(value), version: Number(version), expiresAt: Number(expiresAt) }
}

const whole = (ms: number): string => `${Math.ceil(ms)}`
