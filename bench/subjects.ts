import { existsSync } from 'node:fs'
import { besideBaseline, type Row, type Subject, summary } from './measure.ts'
import { pin, startNginx } from './nginx.ts'
import {
  type Running,
  type SharedStore,
  start,
  startLoad,
  startProduct,
  startShared,
  stop,
} from './processes.ts'
import { placeOf } from './request.ts'

export interface SubjectsOptions {
  /** How often everything is started anew: two processes of one program differ by more than two programs. */
  readonly starts: number
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  readonly wrk: boolean
  /** nginx is the API; it and the load have one core, the server that is measured has the other. */
  readonly nginx: boolean
  readonly only?: string | undefined
  /** A server that runs already. */
  readonly other?: { readonly url: string; readonly cookie: string } | undefined
  /** Writes a CPU profile of this subject. */
  readonly profile?: string | undefined
}

/** Throughput under load, of each of them beside the bare proxy. */
export async function measureSubjects(options: SubjectsOptions): Promise<Row[]> {
  const all = await measureStarted(options)
  for (let count = 1; count < options.starts; count += 1) {
    for (const [i, { runs, beside = [] }] of (await measureStarted(options)).entries()) {
      all[i]?.runs.push(...runs)
      all[i]?.beside?.push(...beside)
    }
  }
  return all.map(summary)
}

/** The baseline and the subjects with the runs of one start. */
async function measureStarted(options: SubjectsOptions): Promise<Subject[]> {
  const upstream = await (options.nginx ? startNginx() : start('./upstream.ts'))
  const origin = `http://127.0.0.1:${upstream.port}`
  const load = startLoad()
  if (options.nginx) for (const it of [load, upstream.process]) pin(1, it.pid)
  const server = (name: string, env: Record<string, string>) =>
    start('./server.ts', { BENCH_UPSTREAM: origin, ...env }, profiling(name))
  const profiling = (name: string) =>
    options.profile === name ? ['--cpu-prof', '--cpu-prof-dir=.profiles'] : []
  const stores: SharedStore[] = []
  const withShared = async (store: string) => {
    const shared = await startShared(store)
    if (shared) stores.push(shared)
    return shared && server(store, { BENCH_STORE: shared.kind, ...shared.env })
  }
  const withNext = async () => {
    if (existsSync('.next/BUILD_ID')) return startProduct('next', origin)
    console.log('the Next host needs `npm run build`: left out')
    return undefined
  }
  const bare = await start('./baseline.ts', { BENCH_UPSTREAM: origin })
  const baseline: Subject = {
    ...{ name: 'bare undici proxy', process: bare.process, runs: [] },
    ...placeOf(bare.port, undefined),
  }
  const all: [key: string, name: string, () => Promise<Running | undefined>][] = [
    [
      'module',
      'the proxy',
      () => start('./module.ts', { BENCH_UPSTREAM: origin }, profiling('module')),
    ],
    ['memory', 'the server, memory', () => server('memory', { BENCH_STORE: 'memory' })],
    [
      'metrics',
      'the server, memory, with metrics',
      () => server('metrics', { BENCH_STORE: 'memory', BENCH_METRICS: '1' }),
    ],
    ['sqlite', 'the server, sqlite', () => server('sqlite', { BENCH_STORE: 'sqlite' })],
    ['redis', 'the server, Redis', () => withShared('redis')],
    ['redis-cluster', 'the server, a Redis Cluster', () => withShared('redis-cluster')],
    ['postgres', 'the server, PostgreSQL', () => withShared('postgres')],
    ['dpop', 'the server, DPoP', () => server('dpop', { BENCH_STORE: 'memory', BENCH_DPOP: '1' })],
    ['next', 'the Next host, sqlite', withNext],
  ]
  const only = options.only ?? options.profile
  const subjects: Subject[] = []
  for (const [key, name, begin] of all) {
    if (only && key !== only) continue
    const running = await begin()
    if (!running) continue
    const { process, port, cookie } = running
    subjects.push({ name, process, ...placeOf(port, cookie), runs: [], beside: [] })
  }
  const { other } = options
  if (other) {
    const { url, cookie } = other
    subjects.push({ name: url, url: new URL(url), cookie, runs: [], beside: [] })
  }
  if (options.nginx) for (const it of [bare, ...subjects]) pin(0, it.process?.pid)
  const { connections, wrk } = options
  await besideBaseline(baseline, subjects, options.rounds, {
    ...{ load, connections, wrk },
    milliseconds: options.seconds * 1000,
  })
  for (const { process } of [baseline, ...subjects]) if (process) await stop(process)
  await stop(upstream.process)
  for (const store of stores) await store.stop()
  await stop(load)
  return [baseline, ...subjects]
}
