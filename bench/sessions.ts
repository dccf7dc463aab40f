import type { ChildProcess } from 'node:child_process'
import { byTurns, median, type Row, rounded, type Subject } from './measure.ts'
import { memoryOf, start, startLoad, startRedis, stop } from './processes.ts'
import { placeOf } from './request.ts'

/** One user's calls, with ever more other people signed in. */
export async function measureSessions({ large }: { large: boolean }): Promise<Row[]> {
  const upstream = await start('./upstream.ts')
  const load = startLoad()
  const probe = await startRedis()
  if (probe) await stop(probe.process)
  else console.log('no redis-server here: left out')
  const counts = large ? [1000, 100_000, 1_000_000] : [1000, 100_000]
  const rows: Row[] = []
  for (const store of probe ? ['sqlite', 'redis'] : ['sqlite']) {
    const stores: ChildProcess[] = []
    const subjects: (Subject & { bytes: number })[] = []
    for (const count of counts) {
      const began = performance.now()
      // A Redis server of its own for each, or the smaller one would not be small.
      const own = store === 'redis' ? await startRedis() : undefined
      const empty = own ? memoryOf(own.process) * 2 ** 20 : 0
      const {
        process,
        port,
        cookie,
        storeBytes = 0,
      } = await start('./server.ts', {
        BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}`,
        BENCH_STORE: store,
        BENCH_SESSIONS: `${count}`,
        ...(own ? { REDIS_URL: own.url } : {}),
      })
      const seconds = Math.round((performance.now() - began) / 1000)
      const name = `${store}, ${count} sessions (written in ${seconds} s)`
      const size = own ? memoryOf(own.process) * 2 ** 20 - empty : storeBytes
      if (own) stores.push(own.process)
      subjects.push({ name, process, ...placeOf(port, cookie), runs: [], bytes: size / count })
    }
    await byTurns(subjects, 5, { load, connections: 1, milliseconds: 600 })
    const [least] = subjects
    for (const { name, runs, bytes } of subjects) {
      const ratios = runs.map((run, i) => run.p50 / (least?.runs[i]?.p50 ?? 1))
      rows.push({
        subject: name,
        'p50 ms': rounded(median(runs.map((run) => run.p50)), 3),
        'latency ratio': rounded(median(ratios), 3),
        'bytes each': Math.round(bytes),
      })
    }
    for (const { process } of subjects) if (process) await stop(process)
    for (const process of stores) await stop(process)
  }
  await stop(upstream.process)
  await stop(load)
  return rows
}
