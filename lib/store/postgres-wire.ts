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
  let nextOpeningAt = 0
  let isOver = false
  const over = new AbortController()
  const greeting = `${mark}!${randomUUID()}`

  function onNotification(payload: string): void {
    if (isOver) return
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
    const isEnough = working.size >= options.maxConnections
    if (isEnough || isOpening || performance.now() < nextOpeningAt) return
    isOpening = true
    // Refused where there are too many of them: those that are open do the work.
    open(AbortSignal.any([over.signal, AbortSignal.timeout(timeoutMs)]))
      .catch(() => {
        nextOpeningAt = performance.now() + 1000
      })
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

  const { signal } = options
  const [first, listening] = await both(open(signal), connect({ onNotification }))
  // Others may be heard all the while, so that nobody else notices. Timers run before sockets are read: after
  // a pause of this process the answer may lie there already, and `setImmediate` comes after the reading.
  const watch = setInterval(() => setImmediate(giveUpSilent), timeoutMs / 2).unref()
  signal.addEventListener('abort', destroy)
  try {
    signal.throwIfAborted()
    await makeTables(first.query, prefix)
    await listening.query(`LISTEN ${channelName(prefix)}`)
  } catch (error) {
    destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', destroy)
  }
  // Heard while nothing is asked on the listening connection. So it is not behind a pooler that lends it a
  // connection of the server's for the time of a question: what is told in between would be told to nobody.
  void first.query(`SELECT pg_notify('${channelName(prefix)}', '${greeting}')`).catch(() => {})

  function giveUpSilent(): void {
    if (isOver) return
    if (listening.silentMs() > timeoutMs) {
      onLost(new Error('the listening connection fell silent'))
      return
    }
    // The server itself ends a statement after `timeoutMs`, and says so.
    for (const each of working) {
      if (each.silentMs() < 2 * timeoutMs) continue
      working.delete(each)
      each.destroy()
    }
  }

  function destroy(): void {
    isOver = true
    clearInterval(watch)
    over.abort()
    listening.destroy()
    for (const each of working) each.destroy()
    working.clear()
  }

  return {
    run: async (name, values) => leastBusy().run(statements[name], values),
    probe: () => listening.run(statements.clock, []),
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
