/**
 * `npm run bench`: the proxy with every rule on, against a bare undici proxy, in the same minute on the
 * same machine. Short runs by turns, since a machine's speed changes while one waits; medians; and beside
 * the throughput the processor time of each answer, which neighbours on the machine disturb least.
 *
 *   node bench/bench.ts [--rounds 7] [--seconds 2] [--connections 32] [--json file]
 *                       [--wrk] [--url http://127.0.0.1:3000/api/remote/api/items --cookie name=value]
 *
 * `--url` measures a running server as well, `--wrk` takes wrk for the load, if it is installed.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { LoadOrder, LoadResult } from './load.ts'
import { runWrk } from './wrk.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '32' },
    json: { type: 'string' },
    only: { type: 'string' },
    wrk: { type: 'boolean', default: false },
    url: { type: 'string' },
    cookie: { type: 'string', default: `__Host-Http-bff=${'s'.repeat(220)}` },
  },
})

interface Subject {
  readonly name: string
  readonly url: URL
  readonly cookie: string
  /** Undefined for a server that somebody else started. */
  readonly process?: ChildProcess
  readonly runs: { perSecond: number; p50: number; p99: number; cpu: number | undefined }[]
}

const children: ChildProcess[] = []

interface Started {
  readonly process: ChildProcess
  readonly port: number
  readonly cookie?: string
}

async function start(file: string, upstream?: string): Promise<Started> {
  const child = fork(new URL(file, import.meta.url), {
    env: { ...process.env, ...(upstream ? { BENCH_UPSTREAM: upstream } : {}) },
  })
  children.push(child)
  const [told] = (await once(child, 'message')) as [{ port: number; cookie?: string }]
  return { process: child, ...told }
}

async function cpuOf(subject: Subject): Promise<number | undefined> {
  if (!subject.process) return undefined
  subject.process.send('cpu')
  const [answer] = (await once(subject.process, 'message')) as [{ cpuMicroseconds: number }]
  return answer.cpuMicroseconds
}

/** What a current browser sends with a fetch, cookie included. */
function browserRequest({ url, cookie }: Subject): string {
  return [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'Connection: keep-alive',
    'sec-ch-ua-platform: "Linux"',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Accept: application/json',
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
    'X-CSRF: 1',
    'sec-ch-ua-mobile: ?0',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: cors',
    'Sec-Fetch-Dest: empty',
    'Referer: https://app.example/orders',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9',
    `Cookie: ${cookie}`,
    '\r\n',
  ].join('\r\n')
}

async function measure(subject: Subject, load: ChildProcess, milliseconds: number) {
  const { hostname, port } = subject.url
  const order: LoadOrder = {
    host: hostname,
    port: Number(port || 80),
    request: browserRequest(subject),
    connections: Number(values.connections),
    milliseconds,
  }
  const before = await cpuOf(subject)
  const result = values.wrk ? runWrk(subject.url, order) : await runLoad(load, order)
  const after = await cpuOf(subject)
  if (result.errors > 0) throw new Error(`${subject.name}: ${result.errors} errors`)
  const cpu = before === undefined || after === undefined ? undefined : after - before
  return {
    perSecond: (result.requests / result.milliseconds) * 1000,
    p50: result.p50Microseconds,
    p99: result.p99Microseconds,
    cpu: cpu === undefined ? undefined : cpu / result.requests,
  }
}

async function runLoad(load: ChildProcess, order: LoadOrder): Promise<LoadResult> {
  load.send(order)
  const [result] = (await once(load, 'message')) as [LoadResult]
  return result
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2
}

function summary({ name, runs }: Subject, baseline: Subject) {
  const ratios = runs.map((run, i) => run.perSecond / (baseline.runs[i]?.perSecond ?? 1))
  const cpu = runs.flatMap((run) => run.cpu ?? [])
  return {
    subject: name,
    'requests/s': Math.round(median(runs.map((run) => run.perSecond))),
    'p50 ms': median(runs.map((run) => run.p50)) / 1000,
    'p99 ms': median(runs.map((run) => run.p99)) / 1000,
    'CPU µs/request': cpu.length === 0 ? null : Number(median(cpu).toFixed(1)),
    'ratio to baseline': Number(median(ratios).toFixed(3)),
  }
}

async function main(): Promise<void> {
  const { port: upstreamPort } = await start('./upstream.ts')
  const upstream = `http://127.0.0.1:${upstreamPort}`
  const load = fork(new URL('./load.ts', import.meta.url))
  children.push(load)
  const subjects: Subject[] = []
  for (const [name, file] of [
    ['bare undici proxy (baseline)', './baseline.ts'],
    ['the proxy, every rule on', './module.ts'],
    ['the server, sqlite sessions', './server.ts'],
  ] as const) {
    if (values.only && !file.includes(values.only)) continue
    const { process, port, cookie = values.cookie } = await start(file, upstream)
    const url = new URL(`http://127.0.0.1:${port}/api/remote/api/items?page=1`)
    subjects.push({ name, url, cookie, process, runs: [] })
  }
  const { url, cookie } = values
  if (url) subjects.push({ name: url, url: new URL(url), cookie, runs: [] })

  for (const subject of subjects) await measure(subject, load, 2000)
  for (let round = 0; round < Number(values.rounds); round += 1) {
    // The other order every other time: who comes second finds another machine.
    const order = round % 2 === 0 ? subjects : subjects.toReversed()
    for (const subject of order) {
      subject.runs.push(await measure(subject, load, Number(values.seconds) * 1000))
    }
  }

  const [baseline] = subjects
  if (!baseline) return
  const results = subjects.map((subject) => summary(subject, baseline))
  console.table(Object.fromEntries(results.map(({ subject, ...rest }) => [subject, rest])))
  const json = JSON.stringify({ node: process.version, ...values, results }, null, 2)
  if (values.json) writeFileSync(values.json, `${json}\n`)
  else console.log(json)
}

try {
  await main()
} finally {
  for (const child of children) child.disconnect()
}
