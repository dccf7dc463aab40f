import { type KeyValue, StoreFullError, StoreUnavailableError } from './key-value.ts'
import { createPostgresCommands } from './postgres-commands.ts'
import type { PostgresAnswer } from './postgres-connection.ts'
import { postgresRefusal } from './postgres-refusal.ts'
import { postgresStatements, sweepBatch } from './postgres-statements.ts'
import { storedName } from './postgres-text.ts'
import { dialPostgres, type PostgresWire, type StatementName } from './postgres-wire.ts'
import { createServerLink, type ServerWire, type ServerWireEvents } from './server-link.ts'
import { createTrackedReads } from './tracked-reads.ts'

export interface PostgresStoreOptions {
  /** `postgres://`; user, password, database and `sslmode` as usual. */
  readonly url: string
  /** Of every table, so that several installations may share a schema. @default 'cloakroom_' */
  readonly prefix?: string
  /** After this an operation has failed. @default 1500 */
  readonly commandTimeoutMs?: number
  /** How long a connection that fell silent is still believed, see tracked-reads.ts. @default 1000 */
  readonly trustMs?: number
  /** How much of what was read is remembered, in characters of values. @default 32 Mi */
  readonly rememberedChars?: number
  /** Beside the one that listens. @default 4 */
  readonly maxConnections?: number
}

const dialTimeoutMs = 2_000

/** How often a write looks for expired rows. */
const sweepEveryMs = 10_000

const sweeps = ['sweepEntries', 'sweepSets', 'sweepLeases'] as const

/**
 * Any number of instances on one PostgreSQL, 13 or later. Connects in the background and for ever. An entry that
 * was read is remembered until PostgreSQL tells of a change of it (LISTEN); where it cannot be heard, as behind a
 * pooler of transactions, the server is asked every time.
 *
 * @throws what `postgresRefusal` has words for, when the first attempt to connect is turned away
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<KeyValue> {
  const { url, prefix = 'cloakroom_', commandTimeoutMs = 1500, trustMs = 1000 } = options
  const statements = postgresStatements(prefix)
  let isListening = false
  let nextSweepAt = 0

  const link = createServerLink({
    server: 'PostgreSQL',
    dial,
    judge,
    onLost: forget,
    commandTimeoutMs,
  })
  const { read, ...commands } = createPostgresCommands({ run })
  const reads = createTrackedReads({
    fetch: read,
    probe: async () => Number((await probe()).rows[0]?.[0]),
    isTracked: () => isListening,
    isReported: ({ value }) => value !== '',
    trustMs,
    rememberedChars: options.rememberedChars ?? 32 * 1024 * 1024,
  })

  async function dial({ onLost }: ServerWireEvents, signal: AbortSignal): Promise<ServerWire> {
    isListening = false
    const wire: PostgresWire = await dialPostgres({
      ...{ url, prefix, statements, timeoutMs: commandTimeoutMs, onLost },
      maxConnections: options.maxConnections ?? 4,
      signal: AbortSignal.any([signal, AbortSignal.timeout(dialTimeoutMs)]),
      onListening() {
        isListening = true
      },
      onChanged: (name) => reads.invalidate(name),
    })
    return {
      send([name = '', ...values]) {
        if (name === 'probe') return wire.probe()
        return wire.run(name === 'PING' ? 'ping' : (name as StatementName), values)
      },
      destroy: wire.destroy,
    }
  }

  function forget(): void {
    isListening = false
    reads.invalidate(null)
  }

  const probe = () => send(['probe'])
  async function run(name: StatementName, ...values: string[]): Promise<PostgresAnswer> {
    return send([name, ...values])
  }

  async function send(args: readonly string[]): Promise<PostgresAnswer> {
    try {
      return (await link.send(args)) as PostgresAnswer
    } catch (error) {
      if (sqlState(error) === '53100') throw new StoreFullError(error)
      throw error instanceof StoreUnavailableError ? error : new StoreUnavailableError(error)
    }
  }

  /** The answer to a write may come before the notification, and the writer reads what it wrote. */
  async function writeEntry<T>(key: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } finally {
      reads.invalidate(storedName(key))
      sweepNowAndThen()
    }
  }

  async function deleteEntry(key: string): Promise<boolean> {
    const deleted = await commands.delete(key)
    // The listeners of all instances are woken in the same moment. When ours has been told, theirs have been or are
    // about to be: who learns from us that a session ended finds it ended everywhere. The deletion is done already,
    // so a failure here changes nothing.
    if (deleted && isListening) await probe().catch(() => {})
    return deleted
  }

  /** Waited for by nobody. A full batch means that there is more: then the next write goes on. */
  function sweepNowAndThen(): void {
    const at = performance.now()
    if (at < nextSweepAt) return
    nextSweepAt = at + sweepEveryMs
    for (const sweep of sweeps) {
      run(sweep).then(
        ({ count }) => {
          if (count >= sweepBatch) nextSweepAt = 0
        },
        () => {}, // An outage is noticed by those who wait for an answer.
      )
    }
  }

  const store: KeyValue = {
    kind: 'postgres',
    ...commands,
    get: (key) => reads.get(storedName(key)),
    getFresh: (key) => reads.getFresh(storedName(key)),
    create: (key, value, ttlMs) => writeEntry(key, () => commands.create(key, value, ttlMs)),
    replace: (key, version, value, ttlMs) =>
      writeEntry(key, () => commands.replace(key, version, value, ttlMs)),
    touch: (key, ttlMs) => writeEntry(key, () => commands.touch(key, ttlMs)),
    delete: (key) => writeEntry(key, () => deleteEntry(key)),
    async ping() {
      await run('ping')
    },
    async close() {
      link.close()
    },
  }

  // Nothing that time would change, and better said now than at the first sign-in. Else it is an outage.
  const cause = await store.ping().then(
    () => undefined,
    (error: StoreUnavailableError) => error.cause,
  )
  if (postgresRefusal(cause)) {
    await store.close()
    throw cause
  }
  return store
}

/** The five characters of an error that PostgreSQL sent. */
function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown }
  return typeof code === 'string' && typeof severity === 'string' ? code : undefined
}

/**
 * Of no use is a connection that ends with the error (FATAL, PANIC), or whose server is a standby (25006), has not
 * our tables (42P01), or does not know what was prepared on it (26000, 0A000).
 */
function judge(error: unknown): 'refused' | 'useless' {
  const code = sqlState(error)
  const { severity } = (error ?? {}) as { severity?: unknown }
  if (code === undefined || severity !== 'ERROR') return 'useless'
  return ['25006', '42P01', '26000', '0A000'].includes(code) ? 'useless' : 'refused'
}
