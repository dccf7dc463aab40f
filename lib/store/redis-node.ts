import { type KeyValue, StoreUnavailableError } from './key-value.ts'
import {
  createRedisCommands,
  entryFields,
  parseEntry,
  type RedisCommands,
  type RedisScript,
} from './redis-commands.ts'
import { dialRedis, errorCode, judge } from './redis-dial.ts'
import { createServerLink, type ServerWire, type ServerWireEvents } from './server-link.ts'
import { createTrackedReads } from './tracked-reads.ts'

export interface RedisNodeOptions {
  /**
   * Address of the server, asked at every new connection: `redis://` or, with TLS, `rediss://`; user, password and
   * database as usual. Rejects while nobody knows.
   */
  readonly address: (signal: AbortSignal) => string | Promise<string>
  /** Rejects when the server that was reached is not the one that is to be believed. */
  readonly confirm?: (wire: ServerWire) => Promise<void>
  /** For servers that others may replace: how often they are tried, and how long they may be silent. */
  readonly watch?: { readonly heartbeatMs: number; readonly longestSilenceMs: number }
  /** Of every key, so that several installations may share a server. @default 'cloakroom:' */
  readonly prefix?: string
  /** After this a command has failed. @default 1500 */
  readonly commandTimeoutMs?: number
  /** How long a connection that fell silent is still believed, see tracked-reads.ts. @default 1000 */
  readonly trustMs?: number
  /** How much of what was read is remembered, in characters of values. @default 32 Mi */
  readonly rememberedChars?: number
}

/** One Redis server, and what was read there. */
export interface RedisNode extends Omit<KeyValue, 'kind'> {
  /** The same where a slot is on its way to this server, which has to be asked for it (cluster specification, ASK). */
  readonly asking: RedisCommands
  /** Nothing is known of what lies there. */
  forget(): void
  /** Makes the connection anew. */
  drop(cause: unknown): void
}

/**
 * Connects in the background and for ever. An entry that was read is remembered until Redis reports a change of it
 * (RESP3, client-side caching, from Redis 6 on); a server without that ability is asked every time.
 */
export function createRedisNode(options: RedisNodeOptions): RedisNode {
  const { prefix = 'cloakroom:', commandTimeoutMs = 1500, trustMs = 1000 } = options
  const { entryKey, readPrimary: _, ...commands } = createRedisCommands({ prefix, run: runScript })
  const asking = createRedisCommands({ prefix, run: askScript })
  const entryPrefix = entryKey('')
  let tracked = false

  const link = createServerLink({
    dial,
    judge,
    onLost: () => reads.invalidate(null),
    commandTimeoutMs,
    ...options.watch,
  })
  const reads = createTrackedReads({
    fetch: async (key) => parseEntry(await run('HMGET', entryKey(key), ...entryFields)),
    probe: async () => parseTime(await run('TIME')),
    isTracked: () => tracked,
    trustMs,
    rememberedChars: options.rememberedChars ?? 32 * 1024 * 1024,
  })

  async function dial(events: ServerWireEvents, signal: AbortSignal): Promise<ServerWire> {
    const onInvalidated = (name: Buffer | null): void => {
      events.onHeard()
      const key = name?.toString() ?? null
      if (key === null) reads.invalidate(null)
      else if (key.startsWith(entryPrefix)) reads.invalidate(key.slice(entryPrefix.length))
    }
    const url = await options.address(signal)
    const opened = await dialRedis({ url, signal, onLost: events.onLost, onInvalidated })
    try {
      await options.confirm?.(opened.wire)
    } catch (cause) {
      opened.wire.destroy()
      throw cause
    }
    tracked = opened.tracked
    return opened.wire
  }

  async function run(...args: string[]): Promise<unknown> {
    try {
      return await link.send(args)
    } catch (error) {
      throw error instanceof StoreUnavailableError ? error : new StoreUnavailableError(error)
    }
  }

  async function runScript(script: RedisScript, key: string, ...args: string[]): Promise<unknown> {
    try {
      return await link.send(['EVALSHA', script.sha, '1', key, ...args])
    } catch (error) {
      if (errorCode(error) === 'NOSCRIPT') return run('EVAL', script.source, '1', key, ...args)
      throw error instanceof StoreUnavailableError ? error : new StoreUnavailableError(error)
    }
  }

  /** `ASKING` holds for the next command of the connection, which is written in the same turn. */
  async function askScript(script: RedisScript, key: string, ...args: string[]): Promise<unknown> {
    const allowed = run('ASKING')
    const [, reply] = await Promise.all([allowed, run('EVAL', script.source, '1', key, ...args)])
    return reply
  }

  /** The answer to a write may come before the report of it, and the writer reads what it wrote. */
  async function writeEntry<T>(key: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } finally {
      reads.invalidate(key)
    }
  }

  async function deleteEntry(key: string): Promise<boolean> {
    const deleted = await commands.delete(key)
    // Redis writes its reports to the other instances in the same turn as the answer to us. A second
    // round trip gives them a head start: who learns from us that a session ended finds it ended
    // everywhere. The deletion is done already, so a failure here changes nothing.
    if (deleted) await run('PING').catch(() => {})
    return deleted
  }

  return {
    ...commands,
    asking,
    get: reads.get,
    getFresh: reads.getFresh,
    create: (key, value, ttlMs) => writeEntry(key, () => commands.create(key, value, ttlMs)),
    replace: (key, version, value, ttlMs) =>
      writeEntry(key, () => commands.replace(key, version, value, ttlMs)),
    touch: (key, ttlMs) => writeEntry(key, () => commands.touch(key, ttlMs)),
    delete: (key) => writeEntry(key, () => deleteEntry(key)),
    forget: () => reads.invalidate(null),
    drop: link.drop,
    async ping() {
      await run('PING')
    },
    async close() {
      link.close()
    },
  }
}

/** The reply to TIME: seconds and microseconds. */
function parseTime(reply: unknown): number {
  const [seconds, microseconds] = reply as [string, string]
  return Number(seconds) * 1000 + Number(microseconds) / 1000
}
