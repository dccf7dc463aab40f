import { byTurns, median, type Row, rounded, type Subject } from './measure.ts'
import { start, startLoad, stop } from './processes.ts'
import { placeOf } from './request.ts'

/** One connection, so that nobody waits for anybody: what the server adds to the bare proxy's time. */
export async function measureLatency(): Promise<Row[]> {
  const upstream = await start('./upstream.ts')
  const env = { BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}` }
  const load = startLoad()
  const subjects: Subject[] = []
  for (const [name, file] of [
    ['bare undici proxy', './baseline.ts'],
    ['the server, sqlite', './server.ts'],
  ] as const) {
    const { process, port, cookie } = await start(file, env)
    subjects.push({ name, process, ...placeOf(port, cookie), runs: [] })
  }
  await byTurns(subjects, 7, { load, connections: 1, milliseconds: 1000 })
  for (const { process } of subjects) if (process) await stop(process)
  await stop(upstream.process)
  await stop(load)
  const [baseline] = subjects
  return subjects.map(({ name, runs }) => ({
    subject: name,
    'p50 ms': rounded(median(runs.map((run) => run.p50)), 3),
    'p99 ms': rounded(median(runs.map((run) => run.p99)), 3),
    'p50 added ms': rounded(
      median(runs.map((run, i) => run.p50 - (baseline?.runs[i]?.p50 ?? 0))),
      3,
    ),
  }))
}
