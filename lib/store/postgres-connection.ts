import type { Socket } from 'node:net'
import pg from 'pg'
import type { PostgresStatement } from './postgres-statements.ts'
import type { Query } from './postgres-tables.ts'

/** One connection. Statements are answered in the order in which they were sent. */
export interface PostgresConnection {
  /** Without an answer yet. */
  readonly underWay: number
  /** For how long an answer has been due and nothing at all was heard. */
  silentMs(): number
  run(statement: PostgresStatement, values: readonly string[]): Promise<PostgresAnswer>
  /** Text that is sent as it is, of several statements maybe. */
  readonly query: Query
  destroy(): void
}

export interface PostgresAnswer {
  readonly rows: readonly (readonly unknown[])[]
  /** Rows that were written, or read. */
  readonly count: number
}

export interface PostgresConnectionOptions {
  readonly url: string
  readonly statementTimeoutMs: number
  readonly signal: AbortSignal
  /** Called once, when it is of no use any more. */
  onLost(cause: unknown): void
  onNotification?(payload: string): void
}

/** The URL names no password, and the server wants one. */
class PasswordMissingError extends Error {
  readonly code = 'password_missing'
  constructor(cause: unknown) {
    super('PostgreSQL asks for a password', { cause })
    this.name = 'PasswordMissingError'
  }
}

/** What pg has and its types do not tell. */
interface InnerClient extends pg.Client {
  readonly connection: pg.Connection & { readonly stream: Socket }
}

const passwordRequests = [
  'authenticationCleartextPassword',
  'authenticationMD5Password',
  'authenticationSASL',
]

/**
 * Connects, or rejects at the latest when the signal fires.
 *
 * @throws pg's DatabaseError for what the server refused, else the system's error
 */
export async function connectPostgres(
  options: PostgresConnectionOptions,
): Promise<PostgresConnection> {
  const { signal, onLost, onNotification } = options
  signal.throwIfAborted()
  const client = new pg.Client({
    connectionString: withVerifiedTls(options.url),
    application_name: options.onNotification ? 'cloakroom, listening' : 'cloakroom',
    keepAlive: true,
    // What is sent while others are under way does not wait for their answers.
    pipeline: true,
  } as pg.ClientConfig) as InnerClient
  let underWay = 0
  /** When it was last heard, or had nothing to answer. */
  let calmAt = 0

  function destroy(): void {
    // What is sent already still leaves, the farewell with it; nothing is waited for.
    client.end(() => {})
    client.connection.stream.destroySoon?.()
  }

  let isAskedForPassword = false
  for (const asked of passwordRequests) {
    client.connection.once(asked, () => {
      isAskedForPassword = true
    })
  }

  const lost = once(onLost)
  client.on('error', lost)
  client.on('end', () => lost(new Error('PostgreSQL closed the connection')))
  client.on('notification', ({ payload }) => onNotification?.(payload ?? ''))

  let isHeldBack = false
  /** What is sent in one turn leaves in one piece: each write to a socket costs more than the rest of a query. */
  function leaveTogether(): void {
    if (isHeldBack) return
    isHeldBack = true
    const { stream } = client.connection
    stream.cork()
    process.nextTick(() => {
      isHeldBack = false
      stream.uncork()
    })
  }

  function send(config: pg.QueryArrayConfig): Promise<PostgresAnswer> {
    return new Promise((resolve, reject) => {
      if (underWay === 0) calmAt = performance.now()
      underWay++
      leaveTogether()
      // The callback form: a promise of pg's costs a stack trace for every query.
      client.query(config, (error: Error | null, result: pg.QueryArrayResult) => {
        underWay--
        calmAt = performance.now()
        if (error) reject(error)
        else resolve({ rows: result.rows, count: result.rowCount ?? 0 })
      })
    })
  }

  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => {})
  const giveUp = (): void => {
    destroy()
    aborted.reject(signal.reason)
  }
  signal.addEventListener('abort', giveUp)
  try {
    await Promise.race([client.connect(), aborted.promise])
    const setUp = `SET statement_timeout = ${options.statementTimeoutMs};
      SET default_transaction_isolation = 'read committed'`
    await Promise.race([send({ text: setUp, rowMode: 'array' }), aborted.promise])
  } catch (error) {
    destroy()
    throw isAskedForPassword && !client.password ? new PasswordMissingError(error) : error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }

  return {
    get underWay() {
      return underWay
    },
    silentMs: () => (underWay === 0 ? 0 : performance.now() - calmAt),
    run: ({ name, text }, values) => send({ name, text, values: [...values], rowMode: 'array' }),
    query: async (text) => (await send({ text, rowMode: 'array' })).rows,
    destroy,
  }
}

/**
 * `require` and `verify-ca` verify no name in libpq, which is no protection; pg reads them as `verify-full`
 * today and warns that it will not always. Said so here, it stays so.
 */
function withVerifiedTls(url: string): string {
  const parsed = new URL(url)
  const mode = parsed.searchParams.get('sslmode')
  if (mode !== 'prefer' && mode !== 'require' && mode !== 'verify-ca') return url
  parsed.searchParams.set('sslmode', 'verify-full')
  return parsed.href
}

function once(callback: (cause: unknown) => void): (cause: unknown) => void {
  let isCalled = false
  return (cause) => {
    if (isCalled) return
    isCalled = true
    callback(cause)
  }
}
