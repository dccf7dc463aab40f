/** The processes of the benchmark: each server, the API and the load have one of their own. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '#lib/store/open-store.ts'
import { freePort } from '../test/support/free-port.ts'
import {
  type PostgresServer,
  postgresQuery,
  startPostgresServer,
} from '../test/support/postgres-server.ts'
import { type RedisCluster, startRedisCluster } from '../test/support/redis-cluster.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { benchConfig, benchEnv, benchSettings, createSeeder } from './seed.ts'
import type { Report } from './subject.ts'

const children = new Set<ChildProcess>()
const servers = new Set<PostgresServer>()
const clusters = new Set<RedisCluster>()
const root = join(import.meta.dirname, '..')

export interface Running extends Report {
  readonly process: ChildProcess
  readonly port: number
}

export function keep(child: ChildProcess): ChildProcess {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** Starts a file of this folder, which reports its port. */
export async function start(
  file: string,
  env: Record<string, string> = {},
  execArgv: string[] = [],
): Promise<Running> {
  const child = keep(
    fork(new URL(file, import.meta.url), { env: { ...process.env, ...env }, execArgv }),
  )
  const gone = once(child, 'exit').then(() => {
    throw new Error(`${file} ended at its start`)
  })
  const [told] = (await Promise.race([once(child, 'message'), gone])) as [Report & { port: number }]
  gone.catch(() => undefined)
  return { process: child, ...told }
}

export function startLoad(file = './load.ts'): ChildProcess {
  return keep(fork(new URL(file, import.meta.url)))
}

export async function runLoad(load: ChildProcess, order: LoadOrder): Promise<LoadResult> {
  load.send(order)
  const [result] = (await once(load, 'message')) as [LoadResult]
  return result
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await Promise.race([
    ended,
    sleep(3000, undefined, { ref: false }).then(() => child.kill('SIGKILL')),
  ])
}

/** The same product as its users run it: `server.ts`, or `next start` after a build. Somebody is signed in. */
export async function startProduct(
  host: 'node' | 'next',
  upstream: string,
  more: Record<string, string> = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-bench-'))
  const port = await freePort()
  const configFile = join(directory, 'bff.json')
  writeFileSync(configFile, JSON.stringify(benchConfig(upstream)))
  const env = { BFF_STORE: 'sqlite', BFF_SQLITE_FILE: join(directory, 'sessions.db') }
  const settings = benchSettings(env, upstream)
  const store = await openStore(settings.store)
  const cookie = await createSeeder(settings, store)()
  await store.close()
  const next = ['node_modules/next/dist/bin/next', 'start', '--port', `${port}`, '-H', '127.0.0.1']
  const started = performance.now()
  const child = keep(
    spawn(process.execPath, host === 'node' ? ['server.ts'] : next, {
      cwd: root,
      stdio: 'ignore',
      env: {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME, NEXT_TELEMETRY_DISABLED: '1' },
        ...benchEnv,
        ...env,
        PORT: `${port}`,
        BFF_CONFIG_FILE: configFile,
        ...more,
      } as NodeJS.ProcessEnv,
    }),
  )
  child.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  await untilAnswered(child, port, cookie)
  return { process: child, port, cookie, startMs: performance.now() - started }
}

/** Waits for the first answer of the API that comes through the proxy. */
export async function untilAnswered(child: ChildProcess, port: number, cookie: string) {
  const headers = { cookie, 'sec-fetch-site': 'same-origin' }
  const url = `http://127.0.0.1:${port}/api/remote/api/items`
  for (let waited = 0; waited < 30_000; waited += 5) {
    const answer = await fetch(url, { headers }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
    if (child.exitCode !== null) break
    await sleep(5)
  }
  throw new Error('the server never answered')
}

/** A Redis server without persistence; undefined when there is none on this machine. */
export async function startRedis(): Promise<(Running & { readonly url: string }) | undefined> {
  const port = await freePort()
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = keep(spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] }))
  return new Promise((resolve) => {
    child.once('error', () => resolve(undefined))
    child.once('exit', () => resolve(undefined))
    child.stdout?.on('data', (chunk) => {
      if (String(chunk).includes('Ready to accept'))
        resolve({ url: `redis://127.0.0.1:${port}`, port, process: child })
    })
  })
}

/** A PostgreSQL server that waits for the disk, as a real one; undefined when there is none on this machine. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const server = await startPostgresServer().catch(() => undefined)
  if (server) servers.add(server)
  return server
}

/** A server that several processes share: what chooses it, and its end. */
export interface SharedStore {
  /** For `BFF_STORE`. */
  readonly kind: string
  readonly env: Record<string, string>
  /** What it holds, in memory or on the disk; 0 where it is a file of the process that writes it. */
  bytes(): Promise<number>
  stop(): Promise<void>
}

/** Undefined, and a line that says so, when there is none on this machine. */
export async function startShared(store: string): Promise<SharedStore | undefined> {
  if (store === 'redis') {
    const redis = await startRedis()
    if (redis) {
      return {
        kind: store,
        env: { REDIS_URL: redis.url },
        bytes: async () => memoryOf(redis.process) * 2 ** 20,
        stop: () => stop(redis.process),
      }
    }
  } else if (store === 'redis-cluster') {
    const cluster = await startRedisCluster().catch(() => undefined)
    if (cluster) {
      clusters.add(cluster)
      return {
        kind: 'redis',
        env: { REDIS_URL: cluster.url, REDIS_CLUSTER: 'true' },
        bytes: async () => 0,
        stop: cluster.close,
      }
    }
  } else if (store === 'postgres') {
    const postgres = await startPostgres()
    if (postgres) {
      const size = `SELECT pg_database_size('postgres')`
      return {
        kind: store,
        env: { DATABASE_URL: postgres.url },
        bytes: async () => Number((await postgresQuery(postgres.url, size))[0]?.[0]),
        stop: postgres.close,
      }
    }
  } else return { kind: store, env: {}, bytes: async () => 0, stop: async () => {} }
  console.log(`no ${store} server here: left out`)
  return undefined
}

/** Microseconds of processor time so far; undefined where the system does not tell. */
export function cpuOf({ pid }: ChildProcess): number | undefined {
  try {
    // Fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms; the second field may hold blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10_000
  } catch {
    return undefined
  }
}

/** Resident memory in megabytes; 0 where the system does not tell. */
export function memoryOf({ pid }: ChildProcess): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]
    return (Number(pages) * 4096) / 2 ** 20
  } catch {
    return 0
  }
}

export async function stopAll(): Promise<void> {
  await Promise.all([...children].map(stop))
  await Promise.all([...servers, ...clusters].map((server) => server.close()))
}
