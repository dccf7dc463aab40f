import { given } from '../http/given.ts'
import type { KeyValue } from './key-value.ts'
import { createRedisAsker, majorityOf } from './redis-ask.ts'
import { createRedisNode, type RedisNodeOptions } from './redis-node.ts'
import { SentinelError } from './redis-refusal.ts'
import { placeOf } from './redis-slots.ts'
import type { ServerWire } from './server-link.ts'

export interface RedisSentinelOptions
  extends Pick<RedisNodeOptions, 'prefix' | 'commandTimeoutMs'> {
  /** The sentinels; user, password, database and TLS are those of the master. */
  readonly urls: readonly string[]
  /** What the sentinels call the master. */
  readonly master: string
  /** Of the sentinels themselves. @default none */
  readonly sentinelPassword?: string
}

const askTimeoutMs = 2000
const lookMs = 1000
/** A master that was silent for longer is asked about: shorter than any `down-after-milliseconds` should be. */
const watch = { heartbeatMs: 250, longestSilenceMs: 1500 }

/**
 * The master that Redis Sentinel names. It is the one on which more than half of the sentinels of the settings agree, and
 * takes itself for one: asked at every new connection, and every second besides, so that one which woke after another was
 * elected, or which only we still reach, is not believed.
 */
export function createRedisSentinel(options: RedisSentinelOptions): KeyValue {
  const { urls, master, sentinelPassword } = options
  const asker = createRedisAsker(askTimeoutMs)
  const sentinels = urls.map((text) => {
    const url = new URL(text)
    url.username = ''
    url.password = sentinelPassword ?? ''
    url.port ||= '26379'
    url.pathname = ''
    return url.href
  })
  let current: string | undefined
  let turn = 0
  let refused: unknown

  /** As one sentinel has it; undefined when it does not know the name, or does not answer. */
  async function said(sentinel: string): Promise<string | undefined> {
    try {
      const reply = await asker.ask(sentinel, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master])
      const [host, port] = reply as [string, string]
      return placeOf(host, port)
    } catch (cause) {
      refused = cause
      return undefined
    }
  }

  async function elected(): Promise<string> {
    const place = majorityOf(await Promise.all(sentinels.map(said)))
    if (place === undefined) {
      throw new SentinelError(`the sentinels do not agree on a master ${master}`, {
        cause: refused,
      })
    }
    return place
  }

  async function address(): Promise<string> {
    current = await elected()
    const url = new URL(urls[0] as string)
    url.host = current
    return url.href
  }

  async function confirm(wire: ServerWire): Promise<void> {
    const [role] = (await wire.send(['ROLE'])) as [unknown]
    if (role !== 'master') throw new Error(`${current} is no master`)
  }

  /** One sentinel in turn, and all of them where it says something else. */
  async function look(): Promise<void> {
    turn += 1
    const sentinel = sentinels[turn % sentinels.length]
    const place = sentinel === undefined ? undefined : await said(sentinel)
    if (place === undefined || current === undefined || place === current) return
    const latest = await elected().catch(() => undefined)
    if (latest !== undefined && latest !== current)
      node.drop(new Error('another master was elected'))
  }

  const node = createRedisNode({
    ...given({ prefix: options.prefix, commandTimeoutMs: options.commandTimeoutMs }),
    ...{ watch, address, confirm },
  })
  const timer = setInterval(() => void look(), lookMs).unref()
  const { asking: _, forget: __, drop: ___, ...store } = node
  return {
    kind: 'redis',
    ...store,
    async close() {
      clearInterval(timer)
      asker.close()
      await node.close()
    },
  }
}
