import { createBoundedMap } from './bounded-map.ts'
import { type Entry, type KeyValue, StoreFullError, StoreUnavailableError } from './key-value.ts'
import { type ExposedFile, openSqliteFile } from './sqlite-file.ts'
import { prepareStatements } from './sqlite-statements.ts'

export interface SqliteStoreOptions {
  /** Made if need be, its directory too. */
  readonly file: string
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
  /** How long a write waits for another process's write. @default 2000 */
  readonly busyTimeoutMs?: number
  /** How much of what was read is remembered, in characters of values. @default 32 Mi */
  readonly rememberedChars?: number
  /** Told of files that others could read or write. @default nobody is told */
  readonly onExposed?: (exposed: ExposedFile) => void
  /** Calls back when this turn of the event loop is over. @default setImmediate */
  readonly onTurnEnd?: (callback: () => void) => void
}

/** Reads never wait, so they answer without a promise. */
export interface SqliteStore extends KeyValue {
  get(key: string): Entry | undefined
}

interface Remembered {
  readonly entry: Entry
  /** The file's data version at the read: while it stays, nobody else has written anything. */
  readonly dataVersion: number
}

/** What is to be written when this turn of the event loop is over. */
interface Write {
  run(): void
  done(): void
  failed(error: unknown): void
}

/** A data version that the file never has: what is remembered under it is compared before it is used. */
const unheardOf = -1

/** How often a write looks for expired rows, and how many it takes away then. */
const sweepEveryMs = 10_000
const sweepRows = 50

const pingWritesEveryMs = 10_000

/**
 * One file, any number of processes on one machine. Reads are synchronous, and a repeated one costs
 * no more than its share of `PRAGMA data_version`, by which SQLite tells that another connection wrote.
 *
 * @throws when the file cannot be opened, or was written by a newer version of Cloakroom
 */
export function createSqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { now = Date.now, busyTimeoutMs = 2000, rememberedChars = 32 * 1024 * 1024 } = options
  const db = openSqliteFile(options.file, busyTimeoutMs, options.onExposed ?? (() => {}))
  const sql = prepareStatements(db)
  const remembered = createBoundedMap<Remembered>({
    maxWeight: rememberedChars,
    weigh: ({ entry }) => entry.value.length + 200,
  })
  const { onTurnEnd = setImmediate } = options
  let waiting: Write[] = []
  let nextSweepAt = 0
  let wroteAt = Number.NEGATIVE_INFINITY
  let dataVersionOfTurn = unheardOf
  const forgetDataVersion = () => {
    dataVersionOfTurn = unheardOf
  }

  /**
   * Asked once in a turn of the event loop, for the question takes a lock on the file. That is soon enough:
   * the requests of one turn had all arrived when it was asked, so a sign-out elsewhere that was answered
   * before one of them was sent had been written by then.
   */
  function currentDataVersion(): number {
    if (dataVersionOfTurn === unheardOf) {
      const [dataVersion] = sql.dataVersion.get() as unknown as [number]
      dataVersionOfTurn = dataVersion
      onTurnEnd(forgetDataVersion)
    }
    return dataVersionOfTurn
  }

  function get(key: string): Entry | undefined {
    return available(() => {
      const dataVersion = currentDataVersion()
      const known = remembered.get(key)
      if (known?.dataVersion !== dataVersion) return look(key, dataVersion, known?.entry)
      return known.entry.expiresAt > now() ? known.entry : undefined
    })
  }

  /** `dataVersion` was asked before the row, so a write in between makes the next read look again. */
  function look(key: string, dataVersion: number, known: Entry | undefined): Entry | undefined {
    const row = sql.get.get(key, now()) as unknown as [string, number, number] | undefined
    if (!row) {
      remembered.delete(key)
      return undefined
    }
    const [value, version, expiresAt] = row
    const unchanged =
      known?.version === version && known.expiresAt === expiresAt && known.value === value
    const entry = unchanged ? known : { value, version, expiresAt }
    remembered.set(key, { entry, dataVersion })
    return entry
  }

  /** Our own writes do not move the data version, so they mark what they touch themselves. */
  function writeEntry<T>(key: string, statement: () => T): Promise<T> {
    return write(() => {
      const known = remembered.get(key)
      if (known) remembered.set(key, { entry: known.entry, dataVersion: unheardOf })
      return statement()
    })
  }

  /**
   * What is to be written in one turn of the event loop is written in one transaction: the locks and the log of a
   * transaction cost more than the rows. It is answered when that is committed.
   */
  function write<T>(statement: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T
      waiting.push({
        run: () => {
          result = statement()
        },
        done: () => resolve(result),
        failed: reject,
      })
      if (waiting.length === 1) setImmediate(writeWaiting)
    })
  }

  function writeWaiting(): void {
    const writes = waiting
    waiting = []
    if (writes.length === 0) return
    writeAll(writes)
  }

  /** False when it could not even begin: somebody else has the file. */
  function writeAll(writes: readonly Write[]): boolean {
    let isBegun = false
    try {
      available(() => {
        // First, so that a sweep which fails cannot turn a write that was done into an error.
        sweep()
        sql.begin.run()
        isBegun = true
        for (const { run } of writes) run()
        sql.commit.run()
        wroteAt = now()
      })
    } catch (error) {
      if (db.isOpen && db.isTransaction) db.exec('ROLLBACK')
      wroteAt = Number.NEGATIVE_INFINITY
      if (isBegun && writes.length > 1) oneByOne(writes, error)
      else for (const { failed } of writes) failed(error)
      return isBegun
    }
    for (const { done } of writes) done()
    return true
  }

  /** One that fails by itself must not take the others with it. */
  function oneByOne(writes: readonly Write[], error: unknown): void {
    for (const [done, write] of writes.entries()) {
      if (writeAll([write])) continue
      // Each would wait for the file as long as this one has.
      for (const { failed } of writes.slice(done + 1)) failed(error)
      return
    }
  }

  function sweep(): void {
    const at = now()
    if (at < nextSweepAt) return
    const removed = sql.sweeps.map((statement) => Number(statement.run(at, sweepRows).changes))
    // A full batch means that there is more: the next write goes on, so no single write is slow.
    nextSweepAt = Math.max(...removed) < sweepRows ? at + sweepEveryMs : 0
  }

  function addMember(key: string, member: string, ttlMs: number): void {
    const at = now()
    sql.dropExpiredSet.run(key, at)
    sql.extendSet.run(key, expiry(at, ttlMs))
    sql.addMember.run(key, member)
  }

  return {
    kind: 'sqlite',
    get,
    getFresh: async (key) => available(() => look(key, unheardOf, remembered.get(key)?.entry)),
    create: (key, value, ttlMs) =>
      writeEntry(key, () => {
        const at = now()
        return wrote(sql.create.run(key, value, expiry(at, ttlMs), at))
      }),
    replace: (key, version, value, ttlMs) =>
      writeEntry(key, () => {
        const at = now()
        const expiresAt = ttlMs === undefined ? null : expiry(at, ttlMs)
        const row = sql.replace.get(value, expiresAt, key, version, at)
        return (row as unknown as [number] | undefined)?.[0]
      }),
    touch: (key, ttlMs) =>
      writeEntry(key, () => {
        const at = now()
        return wrote(sql.touch.run(expiry(at, ttlMs), key, at))
      }),
    delete: (key) =>
      write(() => {
        // Not only marked: of sessions that have ended nothing is to stay in memory.
        remembered.delete(key)
        return wrote(sql.delete.run(key, now()))
      }),

    addMember: (key, member, ttlMs) => write(() => addMember(key, member, ttlMs)),
    removeMember: (key, member) => write(() => void sql.removeMember.run(key, member)),
    members: async (key) =>
      available(() => (sql.members.all(key, now()) as unknown as [string][]).map(([m]) => m)),

    acquireLease: (key, owner, ttlMs) =>
      write(() => {
        const at = now()
        return wrote(sql.acquireLease.run(key, owner, expiry(at, ttlMs), at))
      }),
    renewLease: (key, owner, ttlMs) =>
      write(() => {
        const at = now()
        return wrote(sql.renewLease.run(expiry(at, ttlMs), key, owner, at))
      }),
    releaseLease: (key, owner) => write(() => wrote(sql.releaseLease.run(key, owner, now()))),

    // A full disk can be read, but nobody can sign in or out: so now and then it is a write.
    ping: async () => {
      const at = now()
      if (at < wroteAt + pingWritesEveryMs) available(() => void sql.dataVersion.get())
      else await write(() => void sql.acquireLease.run('ping', 'ping', at, at))
    },
    async close() {
      if (!db.isOpen) return
      writeWaiting()
      db.close()
    },
  }
}

function available<T>(operation: () => T): T {
  try {
    return operation()
  } catch (error) {
    throw storeError(error)
  }
}

/** SQLITE_FULL, SQLITE_READONLY and SQLITE_IOERR, whichever of their extended codes. */
const cannotWrite = [13, 8, 10]

export function storeError(cause: unknown): StoreUnavailableError {
  const { errcode } = cause as { errcode?: unknown }
  const isFull = typeof errcode === 'number' && cannotWrite.includes(errcode & 0xff)
  return isFull ? new StoreFullError(cause) : new StoreUnavailableError(cause)
}

const expiry = (at: number, ttlMs: number): number => Math.ceil(at + ttlMs)
const wrote = ({ changes }: { changes: number | bigint }): boolean => changes > 0
