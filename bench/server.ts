/**
 * The whole engine as it is run: settings, store, sealed cookie, encrypted session, Node host. The store is
 * BENCH_STORE's; BENCH_DPOP binds the token to a key; BENCH_METRICS counts; BENCH_SESSIONS strangers are
 * signed in beside Alice, and BENCH_NEWCOMERS people whose tickets the server has not seen yet.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBff } from '#lib/frontends/create-bff.ts'
import { startNodeHost } from '#lib/hosts/node.ts'
import { openStore } from '#lib/store/open-store.ts'
import { createRegistry } from '#lib/telemetry/registry.ts'
import { liveMemory } from '../test/support/live-memory.ts'
import { addStrangers, benchSettings, createSeeder, quiet } from './seed.ts'
import { reportPort } from './subject.ts'

const {
  BENCH_STORE = 'sqlite',
  BENCH_UPSTREAM = '',
  BENCH_ISSUER,
  BENCH_SQLITE_FILE,
  REDIS_URL,
  REDIS_CLUSTER,
  DATABASE_URL,
} = process.env
const directory = mkdtempSync(join(tmpdir(), 'cloakroom-bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

const settings = benchSettings(
  {
    BFF_STORE: BENCH_STORE,
    BFF_SQLITE_FILE: BENCH_SQLITE_FILE ?? join(directory, 'sessions.db'),
    ...(REDIS_URL ? { REDIS_URL } : {}),
    ...(REDIS_CLUSTER ? { REDIS_CLUSTER } : {}),
    ...(DATABASE_URL ? { DATABASE_URL } : {}),
    ...(BENCH_ISSUER ? { OIDC_ISSUER: BENCH_ISSUER } : {}),
  },
  BENCH_UPSTREAM,
)
const store = await openStore(settings.store)
const signIn = createSeeder(settings, store)
const cookie = await signIn({
  dpop: process.env.BENCH_DPOP === '1',
  expired: process.env.BENCH_EXPIRED === '1',
})
const strangers = Number(process.env.BENCH_SESSIONS ?? 0)
await addStrangers(settings, store, strangers / 2)
const newcomers: string[] = []
for (let i = 0; i < Number(process.env.BENCH_NEWCOMERS ?? 0); i += 1) {
  newcomers.push(await signIn({ sub: `newcomer-${i}` }))
}
await addStrangers(settings, store, strangers / 2)

const registry = process.env.BENCH_METRICS === '1' ? { registry: createRegistry() } : {}
const bff = await createBff({ settings, log: quiet, store, ...registry })
const host = await startNodeHost({ bff, log: quiet })
const files = readdirSync(directory).map((name) => statSync(join(directory, name)).size)
const storeBytes = files.reduce((sum, size) => sum + size, 0)
process.on('message', async (asked) => {
  if (asked === 'memory') process.send?.(await liveMemory())
})
reportPort(Number(new URL(host.address).port), { cookie, newcomers, storeBytes })
