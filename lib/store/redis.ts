import { createClient, ErrorReply } from '@redis/client'
import { type KeyValue, StoreUnavailableError } from './key-value.ts'
import { createRedisCommands, entryFields, parseEntry, type RedisScript } from './redis-commands.ts'
import { createRedisLink, type RedisWire, type RedisWireEvents } from './redis-link.ts'
import { createTrackedReads } from './tracked-reads.ts'

export interface RedisStoreOptions {
  /** `redis://` or, with TLS, `rediss://`; user, password and database as usual. */
  readonly url: string
  /** Of every key, so that several installations may share a server. @default 'cloakroom:' */
  readonly prefix?: string
  /** After this a command has failed. @default 1500 */
  readonly commandTimeoutMs?: number
  /** How long a connection that fell silent is still believed, see tracked-reads.ts. @default 1000 */
  readonly trustMs?: number
  /** How much of what was read is remembered, in characters of values. @default 32 Mi */
  readonly rememberedChars?: number
}

interface Dialing {
  readonly url: string
  readonly signal: AbortSignal
  onLost(cause: unknown): void
  /** A key as it is called in Redis; null for all of them. */
  onInvalidated(name: Buffer | null): void
}

const dialTimeoutMs = 2_000

/**
 * Any number of instances on one Redis 5 or later (or what speaks like it). Connects in the
 * background and for ever. An entry that was read is remembered until Redis reports a change of it
 * (RESP3, client-side caching, from Redis 6 on); a server without that ability is asked every time.
 */
export function createRedisStore(options: RedisStoreOptions): KeyValue {
  const { url, prefix = 'cloakroom:', commandTimeoutMs = 1500, trustMs = 1000 } = options
  const { entryKey, readPrimary: _, ...commands } = createRedisCommands({ prefix, run: runScript })
  const entryPrefix = entryKey('')
  let tracked = false

  const link = createRedisLink({
    dial,
    judge,
    onLost: () => reads.invalidate(null),
    commandTimeoutMs,
  })
  const reads = createTrackedReads({
    fetch: async (key) => parseEntry(await run('HMGET', entryKey(key), ...entryFields)),
    probe: async () => parseTime(await run('TIME')),
    isTracked: () => tracked,
    trustMs,
    rememberedChars: options.rememberedChars ?? 32 * 1024 * 1024,
  })

  async function dial(events: RedisWireEvents, signal: AbortSignal): Promise<RedisWire> {
    const onInvalidated = (name: Buffer | null): void => {
      events.onHeard()
      const key = name?.toString() ?? null
      if (key === null) reads.invalidate(null)
      else if (key.startsWith(entryPrefix)) reads.invalidate(key.slice(entryPrefix.length))
    }
    const opened = await open({ url, signal, onLost: events.onLost, onInvalidated })
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
    kind: 'redis',
    ...commands,
    get: reads.get,
    getFresh: reads.getFresh,
    create: (key, value, ttlMs) => writeEntry(key, () => commands.create(key, value, ttlMs)),
    replace: (key, version, value, ttlMs) =>
      writeEntry(key, () => commands.replace(key, version, value, ttlMs)),
    touch: (key, ttlMs) => writeEntry(key, () => commands.touch(key, ttlMs)),
    delete: (key) => writeEntry(key, () => deleteEntry(key)),
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

/** The first word of an error reply is its code: that is the protocol, not a message. */
function errorCode(error: unknown): string | undefined {
  return error instanceof ErrorReply ? error.message.split(' ', 1)[0] : undefined
}

/** A server that turned into a replica was a primary once: by now the address may lead to another one. */
function judge(error: unknown): 'refused' | 'useless' {
  const code = errorCode(error)
  return code === undefined || code === 'READONLY' || code === 'MASTERDOWN' ? 'useless' : 'refused'
}

/**
 * A connection with tracking; where the server refuses exactly that (a proxy, an access list), one without;
 * where it does not know RESP3 at all (Redis 5, many proxies), one over RESP2. Any other refusal (a wrong
 * password, a server that is loading) is a failure like all others.
 */
async function open(dialing: Dialing): Promise<{ wire: RedisWire; tracked: boolean }> {
  const signal = AbortSignal.any([dialing.signal, AbortSignal.timeout(dialTimeoutMs)])
  const attempt = { ...dialing, signal }
  try {
    return { wire: await connect(attempt, 'tracked'), tracked: true }
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    const wire =
      (await openWithout(['CLIENT', 'TRACKING', 'ON'], attempt, 'untracked')) ??
      (await openWithout(['HELLO', '3'], attempt, 'resp2'))
    if (!wire) throw error
    return { wire, tracked: false }
  }
}

/** A connection of a lesser kind, if the server refuses the command that would make it one of the better kind. */
async function openWithout(
  command: string[],
  dialing: Dialing,
  mode: 'untracked' | 'resp2',
): Promise<RedisWire | undefined> {
  const { signal } = dialing
  let wire: RedisWire
  try {
    wire = await connect(dialing, mode)
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    return undefined
  }
  signal.addEventListener('abort', wire.destroy)
  const answer = await wire.send(command).catch((refusal) => refusal)
  signal.removeEventListener('abort', wire.destroy)
  if (errorCode(answer) !== undefined) return wire
  wire.destroy()
  return undefined
}

type Mode = 'tracked' | 'untracked' | 'resp2'

async function connect(dialing: Dialing, mode: Mode): Promise<RedisWire> {
  const { signal } = dialing
  signal.throwIfAborted()
  const client = createClient({
    url: dialing.url,
    RESP: mode === 'resp2' ? 2 : 3,
    // Asked for by a command of its own there, which a proxy need not know.
    ...(mode === 'resp2' ? {} : { name: 'cloakroom' }),
    emitInvalidate: mode === 'tracked',
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // Deadlines and reconnection are the link's: those of the client end when a command is written, and
    // its cache has no way to say that a connection is merely silent.
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: dialTimeoutMs, reconnectStrategy: false },
  })
  client.on('error', dialing.onLost)
  client.on('invalidate', dialing.onInvalidated)
  const wire: RedisWire = {
    send: (args) => client.sendCommand(args),
    destroy: () => client.destroy(),
  }
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      client.destroy()
      reject(cause)
    }
    const giveUp = (): void => fail(signal.reason)
    signal.addEventListener('abort', giveUp)
    client
      .connect()
      // Too late: the client has no way to stop a connection that is still being made.
      .then(() => (signal.aborted ? client.destroy() : resolve(wire)), fail)
      .finally(() => signal.removeEventListener('abort', giveUp))
  })
}
