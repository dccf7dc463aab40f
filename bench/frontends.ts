import { loadSettings } from '#lib/config/load-settings.ts'
import { createBff } from '#lib/frontends/create-bff.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type Row, rounded } from './measure.ts'
import { benchConfig, benchEnv, quiet } from './seed.ts'

const times = 2_000_000

/** What many apps in one process cost: reading their settings, composing them, and finding the one of a request. */
export async function measureFrontends(): Promise<Row[]> {
  const rows: Row[] = []
  for (const count of [0, 4, 1000]) {
    const entries = Array.from({ length: count }, (_, i) => [
      `f${i}`,
      i % 2 === 0 ? { host: `f${i}.example` } : { path: `/f${i}` },
    ])
    const from = performance.now()
    const loaded = loadSettings({
      env: { ...benchEnv, PORT: '0', BFF_STORE: 'memory' },
      config: { ...benchConfig('http://127.0.0.1:1'), frontends: Object.fromEntries(entries) },
    })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const read = performance.now() - from
    const { settings } = loaded
    const { frontends } = await createBff({ settings, log: quiet, store: createMemoryStore() })
    const before = process.memoryUsage().heapUsed
    const composeFrom = performance.now()
    for (const { frontend } of settings.frontends) frontends.named(frontend?.name ?? '')
    const composed = performance.now() - composeFrom
    const heap = (process.memoryUsage().heapUsed - before) / 2 ** 20
    const find = (host: string, target: string) => {
      const headers = ['accept', '*/*', 'host', host]
      const began = performance.now()
      for (let i = 0; i < times; i += 1) frontends.of(headers, target)
      return rounded(((performance.now() - began) / times) * 1e6, 0)
    }
    rows.push({
      subject: `${count} frontends`,
      'settings ms': rounded(read, 0),
      'composed ms': rounded(composed, 0),
      'heap MB': rounded(heap, 0),
      'by host ns': find('f0.example', '/api/remote/api/items'),
      'by path ns': find('app.example', '/f1/api/remote/api/items'),
      'top level ns': find('app.example', '/api/remote/api/items'),
    })
  }
  return rows
}
