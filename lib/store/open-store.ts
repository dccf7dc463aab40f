import type { KeyValue } from './key-value.ts'
import { type StoreEvents, watchHealth } from './watch-health.ts'

/** Which store, and where. */
export type StoreLocation =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'upstash'; readonly url: string; readonly token: string }
  | { readonly kind: 'postgres'; readonly url: string }

/**
 * The store that the settings name, its outages reported. A server that cannot be reached yet is no
 * reason to reject: it is an outage like a later one.
 *
 * @throws when a SQLite file cannot be opened, or PostgreSQL turns us away
 */
export async function openStore(
  location: StoreLocation,
  events: StoreEvents = {},
): Promise<KeyValue> {
  return watchHealth(await openAdapter(location, events), events)
}

/** Imported when it is needed: a deployment with Upstash never loads SQLite, and the reverse. */
async function openAdapter(
  location: StoreLocation,
  { onExposed = () => {} }: StoreEvents,
): Promise<KeyValue> {
  switch (location.kind) {
    case 'memory':
      return (await import('./memory.ts')).createMemoryStore()
    case 'sqlite':
      return (await import('./sqlite.ts')).createSqliteStore({ ...location, onExposed })
    case 'redis':
      return (await import('./redis.ts')).createRedisStore(location)
    case 'upstash':
      return (await import('./upstash.ts')).createUpstashStore(location)
    case 'postgres':
      return (await import('./postgres.ts')).createPostgresStore(location)
  }
}
