import { Redis } from '@upstash/redis'
import { type KeyValue, StoreUnavailableError } from './key-value.ts'
import { createRedisCommands, entryFields, parseEntry, type RedisScript } from './redis-commands.ts'
import { createBatches } from './upstash-batches.ts'

export interface UpstashStoreOptions {
  /** `https://….upstash.io` */
  readonly url: string
  readonly token: string
  /** Of every key, so that several installations may share a database. @default 'cloakroom:' */
  readonly prefix?: string
  /** After this a request has failed. @default 2000 */
  readonly requestTimeoutMs?: number
  /** A connection that was idle for so long is tried before a write goes over it. @default 2000 */
  readonly idleMs?: number
}

/**
 * Redis over HTTPS, for hosts that keep no connections. Nothing is remembered here: there is no
 * channel by which Upstash could report a change. Commands of one turn travel in one request.
 */
export function createUpstashStore(options: UpstashStoreOptions): KeyValue {
  const { url, token, prefix = 'cloakroom:', requestTimeoutMs = 2000, idleMs = 2000 } = options
  const redis = new Redis({
    url,
    token,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    // What we store is well-formed text, which JSON carries as it is.
    responseEncoding: false,
    // Not HTTP's keep-alive, but the flag of `fetch` by that name, which allows bodies of 64 KiB only.
    keepAlive: false,
    // Which requests may be repeated is decided here, not by the client.
    retry: { retries: 0 },
    signal: () => AbortSignal.timeout(requestTimeoutMs),
  })
  const send = createBatches({ newPipeline: () => redis.pipeline(), idleMs })
  const { entryKey, readPrimary, ...commands } = createRedisCommands({ prefix, run })
  let closed = false

  async function run(script: RedisScript, key: string, ...args: string[]): Promise<unknown> {
    assertOpen()
    const first = await send(script.repeat, (p) => p.evalsha(script.sha, [key], args))
    // The first word of an error reply is its code: that is the protocol, not a message.
    if (!first.error?.startsWith('NOSCRIPT')) return resultOf(first)
    return resultOf(await send(script.repeat, (p) => p.eval(script.source, [key], args)))
  }

  function assertOpen(): void {
    if (closed) throw new StoreUnavailableError(new Error('the store is closed'))
  }

  return {
    kind: 'upstash',
    ...commands,
    async get(key) {
      assertOpen()
      return parseEntry(
        resultOf(await send('again', (p) => p.hmget(entryKey(key), ...entryFields))),
      )
    },
    // A plain read may be answered by a replica that lags behind. A script counts as a write.
    getFresh: readPrimary,
    async ping() {
      assertOpen()
      resultOf(await send('again', (p) => p.ping()))
    },
    async close() {
      closed = true
    },
  }
}

function resultOf({ result, error }: { result?: unknown; error?: string | undefined }): unknown {
  if (error !== undefined) throw new StoreUnavailableError(new Error(error))
  return result
}
