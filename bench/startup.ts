import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '#lib/store/open-store.ts'
import { buildPackage } from '../scripts/package/build-package.ts'
import { freePort } from '../test/support/free-port.ts'
import { median, type Row, rounded } from './measure.ts'
import {
  keep,
  memoryOf,
  start,
  startProduct,
  startShared,
  stop,
  untilAnswered,
} from './processes.ts'
import { benchConfig, benchEnv, benchSettings, createSeeder } from './seed.ts'

const root = join(import.meta.dirname, '..')

/** From the start of a process to the first answer of an API that came through, and the memory of one that rests. */
export async function measureStartup(): Promise<Row[]> {
  const upstream = await start('./upstream.ts')
  const origin = `http://127.0.0.1:${upstream.port}`
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-bench-'))
  const installed = join(directory, 'cloakroom')
  await buildPackage(root, installed)
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  const bare = await bareNode()
  const rows: Row[] = [{ subject: 'a bare node', 'memory MB': rounded(bare, 1) }]
  for (const store of ['memory', 'sqlite', 'redis', 'postgres']) {
    const shared = await startShared(store)
    if (!shared) continue
    const times: number[] = []
    const memory: number[] = []
    for (let i = 0; i < 7; i += 1) {
      const { process, startMs } = await startServe(installed, directory, origin, {
        BFF_STORE: store,
        ...shared.env,
      })
      times.push(startMs)
      await sleep(2000)
      memory.push(memoryOf(process))
      await stop(process)
    }
    rows.push({
      subject: `cloakroom serve, ${store}`,
      'median ms': Math.round(median(times)),
      'best ms': Math.round(Math.min(...times)),
      'memory MB': rounded(median(memory), 1),
      'above a bare node MB': rounded(median(memory) - bare, 1),
    })
    await shared.stop()
  }
  rows.push(await withWorkers(installed, directory, origin, bare))
  if (existsSync('.next/BUILD_ID')) {
    const times: number[] = []
    for (let i = 0; i < 5; i += 1) {
      const { process, startMs } = await startProduct('node', origin)
      times.push(startMs)
      await stop(process)
    }
    const best = Math.round(Math.min(...times))
    rows.push({
      subject: 'server.ts, with Next',
      'median ms': Math.round(median(times)),
      'best ms': best,
    })
  } else console.log('server.ts needs `npm run build`: left out')
  await stop(upstream.process)
  rmSync(directory, { recursive: true, force: true })
  return rows
}

async function bareNode(): Promise<number> {
  const child = keep(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']))
  await sleep(1500)
  const memory = memoryOf(child)
  await stop(child)
  return memory
}

/** `cloakroom serve` of the package as it is published. Somebody is signed in, where the store can be shared. */
async function startServe(
  installed: string,
  directory: string,
  origin: string,
  more: Record<string, string>,
) {
  const port = await freePort()
  const file = join(directory, `sessions-${port}.db`)
  const config = join(directory, 'bff.json')
  writeFileSync(
    config,
    JSON.stringify({ remotes: { api: { ...benchConfig(origin).remotes?.api, token: 'none' } } }),
  )
  const env = { ...more, BFF_SQLITE_FILE: file }
  let cookie = ''
  if (more.BFF_STORE === 'sqlite') {
    const settings = benchSettings(env, origin)
    const store = await openStore(settings.store)
    cookie = await createSeeder(settings, store)()
    await store.close()
  }
  const started = performance.now()
  const child = keep(
    spawn(process.execPath, [join(installed, 'lib/command/main.js'), 'serve', '--config', config], {
      cwd: directory,
      stdio: 'ignore',
      env: { PATH: process.env.PATH, ...benchEnv, ...env, PORT: `${port}` } as NodeJS.ProcessEnv,
    }),
  )
  await untilAnswered(child, port, cookie)
  return { process: child, startMs: performance.now() - started }
}

async function withWorkers(
  installed: string,
  directory: string,
  origin: string,
  bare: number,
): Promise<Row> {
  const env = { BFF_STORE: 'sqlite', BFF_WORKERS: '2' }
  const { process: first } = await startServe(installed, directory, origin, env)
  await sleep(3000)
  const workers = childrenOf(first).map((pid) => memoryOf({ pid } as ChildProcess))
  const memory = workers.reduce((sum, each) => sum + each, 0) / workers.length
  const supervisor = memoryOf(first)
  await stop(first)
  return {
    subject: `each of ${workers.length} workers (their supervisor: ${Math.round(supervisor)} MB)`,
    'memory MB': rounded(memory, 1),
    'above a bare node MB': rounded(memory - bare, 1),
  }
}

function childrenOf({ pid }: ChildProcess): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
