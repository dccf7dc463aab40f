import { randomUUID } from 'node:crypto'
import {
  connectPostgres,
  type PostgresAnswer,
  type PostgresConnection,
  type PostgresConnectionOptions,
} from './postgres-connection.ts'
import { channelName, type PostgresStatements } from './postgres-statements.ts'
import { makeTables } from './postgres-tables.ts'
import { mark } from './postgres-text.ts'

export interface PostgresWireOptions {
  readonly url: string
  readonly prefix: string
  readonly statements: PostgresStatements
  /** Beside the one that listens. More are opened only when those there are have work. */
  readonly maxConnections: number
  /** After this a statement has failed, and a listening connection that does not answer is given up. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  onLost(cause: unknown): void
  /** Changes are heard from here on. */
  onListening(): void
  /** By the name that the entry is stored under. */
  onChanged(name: string): void
}

export type StatementName = keyof PostgresStatements

export interface PostgresWire {
  run(statement: StatementName, values: readonly string[]): Promise<PostgresAnswer>
  /** The server's clock by the listening connection: with its answer, every earlier change has been told. */
  probe(): Promise<PostgresAnswer>
  destroy(): void
}

/**
 * Connections that live and die together: one that listens for changes, and some for the rest. So whoever has a
 * connection is also told, and with the loss of either all that was remembered is forgotten.
 */
export async function dialPostgres(options: PostgresWireOptions): Promise<PostgresWire> {
  const { statements, timeoutMs, prefix, onLost } = options
  const working = new Set<PostgresConnection>()
  let isOpening = false
  let isOver = false
  const over = new AbortController()
  const greeting = `${mark}!${randomUUID()}`

  function onNotification(payload: string): void {
    if (payload === greeting) options.onListening()
    // A greeting of another process.
    else if (!payload.startsWith(`${mark}!`)) options.onChanged(payload)
  }

  const connect = (more: Partial<PostgresConnectionOptions>): Promise<PostgresConnection> =>
    connectPostgres({
      ...{ url: options.url, statementTimeoutMs: timeoutMs, onLost, signal: options.signal },
      ...more,
    })

  async function open(signal: AbortSignal): Promise<PostgresConnection> {
    let opened: PostgresConnection | undefined
    opened = await connect({
      signal,
      // What was under way on it is rejected, and that is judged; an idle one is not missed.
      onLost(cause) {
        if (opened) working.delete(opened)
        if (working.size === 0) onLost(cause)
      },
    })
    if (isOver) opened.destroy()
    else working.add(opened)
    return opened
  }

  function openOneMore(): void {
    if (isOpening || working.size >= options.maxConnections) return
    isOpening = true
    // Refused where there are too many of them: those that are open do the work.
    open(AbortSignal.any([over.signal, AbortSignal.timeout(timeoutMs)]))
      .catch(() => {})
      .finally(() => {
        isOpening = false
      })
  }

  function leastBusy(): PostgresConnection {
    let found: PostgresConnection | undefined
    for (const each of working) if (!found || each.underWay < found.underWay) found = each
    if (!found) throw new Error('there is no connection')
    if (found.underWay > 0) openOneMore()
    return found
  }

  const [first, listening] = await both(open(options.signal), connect({ onNotification }))
  try {
    await makeTables(first.query, prefix)
    await listening.query(`LISTEN ${channelName(prefix)}`)
    options.signal.throwIfAborted()
  } catch (error) {
    destroy()
    throw error
  }
  // Heard while nothing is asked on the listening connection. So it is not behind a pooler that lends it a
  // connection of the server's for the time of a question: what is told in between would be told to nobody.
  void first.query(`SELECT pg_notify('${channelName(prefix)}', '${greeting}')`).catch(() => {})

  function probe(): Promise<PostgresAnswer> {
    // Others may be heard all the while, so that nobody else notices.
    const timer = setTimeout(() => {
      setImmediate(() => isSilent && onLost(new Error('the listening connection fell silent')))
    }, timeoutMs)
    let isSilent = true
    return listening.run(statements.clock, []).finally(() => {
      isSilent = false
      clearTimeout(timer)
    })
  }

  function destroy(): void {
    isOver = true
    over.abort()
    listening.destroy()
    for (const each of working) each.destroy()
    working.clear()
  }

  return {
    run: async (name, values) => leastBusy().run(statements[name], values),
    probe,
    destroy,
  }
}

/** Of two connections both or none. */
async function both(
  ...attempts: [Promise<PostgresConnection>, Promise<PostgresConnection>]
): Promise<[PostgresConnection, PostgresConnection]> {
  try {
    return await Promise.all(attempts)
  } catch (error) {
    for (const attempt of attempts) attempt.then(({ destroy }) => destroy()).catch(() => {})
    throw error
  }
}
