import type { ChildProcess } from 'node:child_process'
import { byTurns, median, type Row, rounded, type Subject } from './measure.ts'
import { memoryOf, runLoad, start, startLoad, startRedis, stop } from './processes.ts'
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
  const probe = await startRedis()
  if (probe) await stop(probe.process)
  else console.log('no redis-server here: left out')
  const counts = large ? [1000, 100_000, 1_000_000] : [1000, 100_000]
  const rows: Row[] = []
  for (const store of probe ? ['sqlite', 'redis'] : ['sqlite']) {
    const stores: ChildProcess[] = []
    const subjects: CountedSubject[] = []
    for (const count of counts) {
      const began = performance.now()
      // A Redis server of its own for each, or the smaller one would not be small.
      const own = store === 'redis' ? await startRedis() : undefined
      const empty = own ? memoryOf(own.process) * 2 ** 20 : 0
      const {
        process,
        port,
        cookie,
        newcomers = [],
        storeBytes = 0,
      } = await start('./server.ts', {
        BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}`,
        BENCH_STORE: store,
        BENCH_SESSIONS: `${count}`,
        BENCH_NEWCOMERS: `${rounds * newcomersEach}`,
        ...(own ? { REDIS_URL: own.url } : {}),
      })
      const seconds = Math.round((performance.now() - began) / 1000)
      const name = `${store}, ${count} sessions (written in ${seconds} s)`
      const size = own ? memoryOf(own.process) * 2 ** 20 - empty : storeBytes
      if (own) stores.push(own.process)
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
    for (const process of stores) await stop(process)
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
