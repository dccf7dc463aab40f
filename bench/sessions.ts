import type { ChildProcess } from 'node:child_process'
import { byTurns, median, type Row, rounded, type Subject } from './measure.ts'
import { runLoad, type SharedStore, start, startLoad, startShared, stop } from './processes.ts'
import { browserRequest, placeOf } from './request.ts'

const rounds = 5
const newcomersEach = 80

interface CountedSubject extends Subject {
  readonly bytes: number
  readonly newcomers: readonly string[]
  /** Median milliseconds of a newcomer's first call, by rounds. */
  readonly firstCalls: number[]
}

/** One user's calls, and first calls of users that the process has not seen yet, with ever more people signed in. */
export async function measureSessions({ large }: { large: boolean }): Promise<Row[]> {
  const upstream = await start('./upstream.ts')
  const load = startLoad()
  const counts = large ? [1000, 100_000, 1_000_000] : [1000, 100_000]
  const rows: Row[] = []
  for (const store of ['sqlite', 'redis', 'postgres']) {
    const stores: SharedStore[] = []
    const subjects: CountedSubject[] = []
    for (const count of counts) {
      const began = performance.now()
      // A server of its own for each, or the smaller one would not be small.
      const own = await startShared(store)
      if (!own) break
      stores.push(own)
      const empty = await own.bytes()
      const {
        process,
        port,
        cookie,
        newcomers = [],
        storeBytes = 0,
      } = await start('./server.ts', {
        BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}`,
        BENCH_STORE: own.kind,
        BENCH_SESSIONS: `${count}`,
        BENCH_NEWCOMERS: `${rounds * newcomersEach}`,
        ...own.env,
      })
      const seconds = Math.round((performance.now() - began) / 1000)
      const name = `${store}, ${count} sessions (written in ${seconds} s)`
      const size = storeBytes || (await own.bytes()) - empty
      subjects.push({
        ...{ name, process, ...placeOf(port, cookie), runs: [] },
        ...{ bytes: size / count, newcomers, firstCalls: [] },
      })
    }
    await byTurns(subjects, rounds, { load, connections: 1, milliseconds: 600 })
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? subjects : subjects.toReversed()
      for (const subject of order) subject.firstCalls.push(await firstCalls(load, subject, round))
    }
    for (const subject of subjects) rows.push(rowOf(subject, subjects[0] ?? subject))
    for (const { process } of subjects) if (process) await stop(process)
    for (const own of stores) await own.stop()
  }
  await stop(upstream.process)
  await stop(load)
  return rows
}

/** One call of each of some newcomers, one after the other: unsealing, the store and decryption. */
async function firstCalls(load: ChildProcess, { url, newcomers }: CountedSubject, round: number) {
  const some = newcomers.slice(round * newcomersEach, (round + 1) * newcomersEach)
  const { p50Microseconds, requests, errors } = await runLoad(load, {
    ...{ host: url.hostname, port: Number(url.port), connections: 1, milliseconds: 60_000 },
    requests: some.map((cookie) => browserRequest({ url, cookie })),
    once: true,
  })
  if (errors > 0 || requests !== newcomersEach) throw new Error('a first call failed')
  return p50Microseconds / 1000
}

function rowOf({ name, bytes, runs, firstCalls }: CountedSubject, least: CountedSubject): Row {
  const warm = runs.map((run, i) => run.p50 / (least.runs[i]?.p50 ?? 1))
  const first = firstCalls.map((p50, i) => p50 / (least.firstCalls[i] ?? 1))
  return {
    subject: name,
    'p50 ms': rounded(median(runs.map((run) => run.p50)), 3),
    'latency ratio': rounded(median(warm), 3),
    'first call p50 ms': rounded(median(firstCalls), 3),
    'first call ratio': rounded(median(first), 3),
    'bytes each': Math.round(bytes),
  }
}
