/**
 * `npm run bench`: the product with every rule on, against a bare undici proxy, in the same minute on the
 * same machine. Short runs by turns, medians, and beside the throughput the processor time of each
 * answer, which neighbours on the machine disturb least.
 *
 *   node bench/bench.ts [--scenario name] [--only subject] [--profile subject] [--json file]
 *                       [--starts 3] [--rounds 3] [--seconds 1] [--connections 32] [--large] [--wrk] [--nginx]
 *                       [--url http://127.0.0.1:3000/api/remote/api/items --cookie name=value]
 *
 * Subjects: module, memory, sqlite, redis, redis-cluster, postgres, dpop, next. `--profile` writes to `.profiles`.
 * `--url` measures a running server as well, `--wrk` takes wrk for the load, if it is installed. `--nginx`
 * takes nginx for the API, on another core than the server that is measured: it is never the bottleneck.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureCold } from './cold.ts'
import { measureEvents } from './events.ts'
import { measureFrontends } from './frontends.ts'
import { measureLatency } from './latency.ts'
import type { Row } from './measure.ts'
import { measurePeople } from './people.ts'
import { stopAll } from './processes.ts'
import { anyCookie } from './request.ts'
import { measureSessions } from './sessions.ts'
import { measureSignIns } from './sign-ins.ts'
import { measureStartup } from './startup.ts'
import { measureStores } from './stores.ts'
import { measureStorm } from './storm.ts'
import { measureStreams } from './streams.ts'
import { measureSubjects } from './subjects.ts'
import { measureWorkers } from './workers.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    only: { type: 'string' },
    profile: { type: 'string' },
    json: { type: 'string' },
    starts: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '32' },
    large: { type: 'boolean', default: false },
    wrk: { type: 'boolean', default: false },
    nginx: { type: 'boolean', default: false },
    url: { type: 'string' },
    cookie: { type: 'string', default: anyCookie },
  },
})

const scenarios: Record<string, () => Promise<Row[]>> = {
  subjects: () =>
    measureSubjects({
      starts: Number(values.starts),
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      connections: Number(values.connections),
      wrk: values.wrk,
      nginx: values.nginx,
      only: values.only,
      profile: values.profile,
      other: values.url ? { url: values.url, cookie: values.cookie } : undefined,
    }),
  latency: measureLatency,
  startup: measureStartup,
  cold: measureCold,
  sessions: () => measureSessions({ large: values.large }),
  'sign-ins': () => measureSignIns({ large: values.large }),
  stores: measureStores,
  storm: measureStorm,
  streams: measureStreams,
  events: measureEvents,
  people: measurePeople,
  workers: measureWorkers,
  frontends: measureFrontends,
}

const one =
  values.scenario ?? (values.only || values.profile || values.url ? 'subjects' : undefined)
const chosen = one ? one.split(',') : Object.keys(scenarios)
const unknown = chosen.filter((name) => !scenarios[name])
if (unknown.length > 0) {
  throw new Error(`no scenario ${unknown}; there are ${Object.keys(scenarios).join(', ')}`)
}

const results: Record<string, Row[]> = {}
try {
  for (const name of chosen) {
    const rows = (await scenarios[name]?.()) ?? []
    results[name] = rows
    console.log(`\n${name}`)
    console.table(Object.fromEntries(rows.map(({ subject, ...rest }) => [subject, rest])))
  }
} finally {
  await stopAll()
}
if (values.json) {
  const before = readJson(values.json)
  const report = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    processor: `${cpus().length} × ${cpus()[0]?.model}`,
    results: { ...before, ...results },
  }
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
}

/** Scenarios that this run left out keep their results. */
function readJson(file: string): Record<string, Row[]> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).results
  } catch {
    return {}
  }
}
