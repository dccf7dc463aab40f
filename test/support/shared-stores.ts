import { startPostgresServer } from './postgres-server.ts'
import { startRedisServer } from './redis-server.ts'

/** A server of the test's own that several processes share, which keeps its data when it is killed. */
export interface SharedStore {
  /** The settings that choose it. */
  readonly env: Record<string, string>
  /** Connections stay open and nothing answers. */
  freeze(): void
  thaw(): void
  /** Connections break and new ones are refused. */
  kill(): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
}

/** By the name that people know them under. */
export const sharedStores: ReadonlyMap<string, () => Promise<SharedStore>> = new Map([
  ['Redis', startRedis],
  ['PostgreSQL', startPostgres],
])

async function startRedis(): Promise<SharedStore> {
  // Every write is on the disk before it is answered.
  const server = await startRedisServer({
    args: ['--appendonly', 'yes', '--appendfsync', 'always'],
  })
  return { ...server, env: { BFF_STORE: 'redis', REDIS_URL: server.url } }
}

async function startPostgres(): Promise<SharedStore> {
  const server = await startPostgresServer()
  return { ...server, env: { BFF_STORE: 'postgres', DATABASE_URL: server.url } }
}
