import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Row, rounded } from './measure.ts'
import {
  cpuOf,
  keep,
  type Running,
  runLoad,
  start,
  startLoad,
  startShared,
  stop,
} from './processes.ts'
import { browserRequest, placeOf } from './request.ts'
import type { SignInOrder, SignInResult } from './sign-in-load.ts'

const warmUp = 2000
const rounds = 5
const each = 1500
const atOnce = 32

interface Measured extends SignInResult {
  /** Milliseconds of the server's processor time for each sign-in. */
  readonly cpu: number
}

/**
 * Whole sign-ins (login, callback) with a provider that answers at once, beside the same with openid-client and iron-session by
 * hand, and refreshes: first calls with tokens that have expired. `large`: ten thousand sign-ins in a row, a thousand at once.
 */
export async function measureSignIns({ large }: { large: boolean }): Promise<Row[]> {
  const upstream = await start('./upstream.ts')
  const provider = await start('./provider.ts')
  const shortLived = await start('./provider.ts', { BENCH_EXPIRES_IN: '1' })
  const browsers = keep(fork(new URL('./sign-in-load.ts', import.meta.url)))
  const load = startLoad()
  const environment = (at: Running) => ({
    BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}`,
    BENCH_ISSUER: `http://127.0.0.1:${at.port}`,
  })
  const rows: Row[] = []

  const byHand = await start('./sign-in-by-hand.ts', environment(provider))
  await signIn(browsers, byHand, warmUp, atOnce)
  for (const store of ['memory', 'sqlite', 'redis', 'postgres'] as const) {
    const shared = await startShared(store)
    if (!shared) continue
    const more = { BENCH_STORE: store, ...shared.env }
    const server = await start('./server.ts', { ...environment(provider), ...more })
    await signIn(browsers, server, warmUp, atOnce)
    const ours: Measured[] = []
    const theirs: Measured[] = []
    for (let round = 0; round < rounds; round += 1) {
      theirs.push(await signIn(browsers, byHand, each, atOnce))
      ours.push(await signIn(browsers, server, each, atOnce))
    }
    const cpu = ours.map((run) => run.cpu)
    rows.push({
      subject: `a sign-in, ${store}`,
      'CPU ms': rounded(median(cpu), 2),
      'CPU ms by hand': rounded(median(theirs.map((run) => run.cpu)), 2),
      'CPU ratio': rounded(median(ours.map((run, i) => run.cpu / (theirs[i]?.cpu ?? 1))), 2),
      'each second': Math.round(median(ours.map((run) => (each / run.milliseconds) * 1000))),
      failed: ours.reduce((sum, { failed }) => sum + failed, 0),
    })
    if (large) rows.push(...(await manySignIns(browsers, server, store)))
    await stop(server.process)
    const refreshing = await start('./server.ts', { ...environment(shortLived), ...more })
    rows.push(await refreshes(browsers, load, refreshing, store))
    await stop(refreshing.process)
    await shared.stop()
  }
  for (const { process } of [byHand, upstream, provider, shortLived]) await stop(process)
  for (const process of [browsers, load]) await stop(process)
  return rows
}

async function signIn(
  browsers: ChildProcess,
  server: Running,
  count: number,
  atOnce: number,
  andOut = false,
): Promise<Measured> {
  const order: SignInOrder = { port: server.port, count, atOnce, andOut }
  const before = cpuOf(server.process) ?? 0
  browsers.send(order)
  const [result] = (await once(browsers, 'message')) as [SignInResult]
  return { ...result, cpu: ((cpuOf(server.process) ?? 0) - before) / count / 1000 }
}

/** Everybody signs out again: then the process may hold on to no more than before. */
async function manySignIns(browsers: ChildProcess, server: Running, store: string): Promise<Row[]> {
  await signIn(browsers, server, 1000, atOnce, true)
  const rows: Row[] = []
  for (const [name, count, together] of [
    ['10,000 in a row', 10_000, 1],
    ['1,000 at once', 1000, 1000],
  ] as const) {
    const before = await liveMemory(server)
    const { failed, cookies } = await signIn(browsers, server, count, together, true)
    rows.push({
      subject: `${name}, and out again, ${store}`,
      failed,
      'signed in': cookies.length,
      'live memory before MB': rounded(before, 1),
      'after MB': rounded(await liveMemory(server), 1),
    })
  }
  return rows
}

/** Heap and buffers after a collection, in megabytes. */
async function liveMemory(server: Running): Promise<number> {
  // What is still revoked or noted in the background comes to its end.
  await sleep(1000)
  server.process.send('memory')
  const [bytes] = (await once(server.process, 'message')) as [number]
  return bytes / 2 ** 20
}

/** The first call of each of some people whose tokens have expired, against a second call of the same people. */
async function refreshes(
  browsers: ChildProcess,
  load: ChildProcess,
  server: Running,
  store: string,
): Promise<Row> {
  const cpus: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const { cookies } = await signIn(browsers, server, each, atOnce)
    await sleep(1100)
    const { url } = placeOf(server.port, undefined)
    const before = cpuOf(server.process) ?? 0
    const { errors, requests } = await runLoad(load, {
      ...{ host: url.hostname, port: Number(url.port), connections: atOnce, milliseconds: 60_000 },
      requests: cookies.map((cookie) => browserRequest({ url, cookie })),
      once: true,
    })
    if (errors > 0) throw new Error(`${errors} refreshes failed`)
    // The first round is a warm-up.
    if (round > 0) cpus.push(((cpuOf(server.process) ?? 0) - before) / requests / 1000)
  }
  return { subject: `a refresh and its call, ${store}`, 'CPU ms': rounded(median(cpus), 2) }
}
