import { startPostgresServer } from './postgres-server.ts'
import { startRedisCluster } from './redis-cluster.ts'
import { startRedisSentinels } from './redis-sentinel.ts'
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
  ['a Redis Cluster', startCluster],
  ['Redis with Sentinel', startSentinels],
])

/** Every write is on the disk before it is answered. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'always']

async function startRedis(): Promise<SharedStore> {
  const server = await startRedisServer({ args: durable })
  return { ...server, env: { BFF_STORE: 'redis', REDIS_URL: server.url } }
}

async function startPostgres(): Promise<SharedStore> {
  const server = await startPostgresServer()
  return { ...server, env: { BFF_STORE: 'postgres', DATABASE_URL: server.url } }
}

async function startCluster(): Promise<SharedStore> {
  const cluster = await startRedisCluster(durable)
  const all = (what: (server: (typeof cluster.nodes)[number]) => unknown) =>
    Promise.all(cluster.nodes.map(what))
  return {
    env: { BFF_STORE: 'redis', REDIS_URL: cluster.url, REDIS_CLUSTER: 'true' },
    freeze: () => void all((it) => it.freeze()),
    thaw: () => void all((it) => it.thaw()),
    kill: async () => void (await all((it) => it.kill())),
    async restart() {
      await all((it) => it.restart())
      await cluster.whole()
    },
    close: cluster.close,
  }
}

async function startSentinels(): Promise<SharedStore> {
  const sentinels = await startRedisSentinels({ args: durable })
  const { url: REDIS_URL, master: REDIS_SENTINEL } = sentinels
  const all = (what: (server: (typeof sentinels.servers)[number]) => unknown) =>
    Promise.all(sentinels.servers.map(what))
  return {
    env: { BFF_STORE: 'redis', REDIS_URL, REDIS_SENTINEL },
    freeze: () => void all((it) => it.freeze()),
    thaw: () => void all((it) => it.thaw()),
    kill: async () => void (await all((it) => it.kill())),
    restart: async () => void (await all((it) => it.restart())),
    close: sentinels.close,
  }
}
