import { given } from '../http/given.ts'
import type { KeyValue } from './key-value.ts'
import { type StoreEvents, watchHealth } from './watch-health.ts'

/** Which store, and where. */
export type StoreLocation =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'redis'
      readonly urls: readonly [string, ...string[]]
      readonly cluster?: boolean
      readonly sentinel?: string
      readonly sentinelPassword?: string
    }
  | { readonly kind: 'upstash'; readonly url: string; readonly token: string }
  | { readonly kind: 'postgres'; readonly url: string }

/**
 * The store that the settings name, its outages reported. A server that cannot be reached yet is no
 * reason to reject: it is an outage like a later one.
 *
 * @throws when a SQLite file cannot be opened, or PostgreSQL or Redis turns us away
 */
export async function openStore(
  location: StoreLocation,
  events: StoreEvents = {},
): Promise<KeyValue> {
  const store = await openAdapter(location, events)
  // Of a cluster each master has outages of its own, and it tells of them by itself.
  const tellsItself = location.kind === 'redis' && location.cluster === true
  return tellsItself ? store : watchHealth(store, events)
}

/** Imported when it is needed: a deployment with Upstash never loads SQLite, and the reverse. */
async function openAdapter(location: StoreLocation, events: StoreEvents): Promise<KeyValue> {
  switch (location.kind) {
    case 'memory':
      return (await import('./memory.ts')).createMemoryStore()
    case 'sqlite':
      return (await import('./sqlite.ts')).createSqliteStore({
        ...location,
        onExposed: events.onExposed ?? (() => {}),
      })
    case 'redis':
      return openRedis(location, events)
    case 'upstash':
      return (await import('./upstash.ts')).createUpstashStore(location)
    case 'postgres':
      return (await import('./postgres.ts')).createPostgresStore(location)
  }
}

async function openRedis(
  location: Extract<StoreLocation, { kind: 'redis' }>,
  events: StoreEvents,
): Promise<KeyValue> {
  const { lookAtRedis } = await import('./redis-refusal.ts')
  const store = await redisOf(location, events)
  await lookAtRedis(store, location)
  return store
}

async function redisOf(
  { urls, cluster, sentinel, sentinelPassword }: Extract<StoreLocation, { kind: 'redis' }>,
  events: StoreEvents,
): Promise<KeyValue> {
  if (cluster) return (await import('./redis-cluster.ts')).createRedisCluster({ urls, events })
  if (sentinel === undefined) {
    return (await import('./redis.ts')).createRedisStore({ url: urls[0] })
  }
  const { createRedisSentinel } = await import('./redis-sentinel.ts')
  return createRedisSentinel({ urls, master: sentinel, ...given({ sentinelPassword }) })
}
