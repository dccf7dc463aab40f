import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { listenForScrapes } from '#lib/hosts/metrics-listener.ts'
import { createRegistry } from '#lib/telemetry/registry.ts'
import { listen } from './support/app.ts'
import { appFolder, runCommand, startCommand, whenLive } from './support/command.ts'
import { freePort } from './support/free-port.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

const folder = appFolder()
let provider: ScriptedProvider
before(async () => {
  provider = await startScriptedProvider()
})
after(async () => {
  await provider.close()
  folder.remove()
})

const env = (port: number, more = {}) => ({
  PORT: String(port),
  BFF_BASE_URL: `http://localhost:${port}`,
  BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
  BFF_STORE: 'memory',
  BFF_DRAIN: '0',
  OIDC_ISSUER: provider.issuer,
  OIDC_CLIENT_ID: provider.clientId,
  OIDC_CLIENT_SECRET: provider.clientSecret,
  ...more,
})

describe('A53: BFF_METRICS_PORT', () => {
  test('shows metrics at a port of its own, and never at the public one', async () => {
    const [port, metricsPort] = [await freePort(), await freePort()]
    const settings = env(port, { BFF_METRICS_PORT: String(metricsPort) })
    const running = await startCommand(['serve'], { cwd: folder.path, env: settings })
    await whenLive(running)
    assert.equal((await fetch(`${running.origin}/metrics`)).status, 404)
    const scrape = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
    assert.equal(scrape.status, 200)
    assert.match(scrape.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    assert.match(await scrape.text(), /http_route="\/bff\/health\/live"/)
    running.kill()
    assert.equal((await running.ended()).code, 0)
  })

  test('each of several processes has its own', async () => {
    const [port, metricsPort] = [await freePort(), await twoFreePorts()]
    const more = { BFF_METRICS_PORT: String(metricsPort), BFF_WORKERS: '2' }
    const store = { BFF_STORE: 'sqlite', BFF_SQLITE_FILE: `${folder.path}/s.db` }
    const running = await startCommand(['serve'], {
      cwd: folder.path,
      env: env(port, { ...more, ...store }),
    })
    await whenLive(running)
    for (const each of [metricsPort, metricsPort + 1]) {
      let status = 0
      for (let i = 0; i < 600 && status !== 200; i += 1) {
        status = await fetch(`http://127.0.0.1:${each}/metrics`).then(
          (it) => it.status,
          () => 0,
        )
        if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 50))
      }
      assert.equal(status, 200)
    }
    running.kill()
    await running.ended()
  })

  test('a port that is taken is one sentence', async (t) => {
    const other = createServer()
    t.after(() => other.close())
    const taken = new URL(await listen(other)).port
    const settings = env(await freePort(), { BFF_METRICS_PORT: taken })
    const { code, stderr } = await runCommand(['serve'], { cwd: folder.path, env: settings })
    assert.equal(code, 1)
    assert.match(stderr, /BFF_METRICS_PORT is \d+ at 127\.0\.0\.1, which another process uses/)
    assert.doesNotMatch(stderr, /\bat .*\.ts:/)
  })

  for (const [value, problem] of [
    ['x', /is not a valid port/],
    ['70000', /is not a valid port/],
    ['same', /is PORT, where everybody would read the metrics/],
  ] as const) {
    test(`${value} is refused`, async () => {
      const port = await freePort()
      const settings = env(port, { BFF_METRICS_PORT: value === 'same' ? String(port) : value })
      const { code, stderr } = await runCommand(['serve'], { cwd: folder.path, env: settings })
      assert.equal(code, 1)
      assert.match(stderr, problem)
    })
  }

  test('answers nothing but a GET of /metrics', async (t) => {
    const listener = await listenForScrapes(createRegistry(), { host: '127.0.0.1', metricsPort: 0 })
    t.after(listener.close)
    const at = (path: string, method = 'GET') =>
      fetch(`http://127.0.0.1:${listener.port}${path}`, { method }).then(({ status }) => status)
    assert.deepEqual(
      [await at('/metrics'), await at('/'), await at('/bff/user'), await at('/metrics', 'POST')],
      [200, 404, 404, 405],
    )
  })
})

/** The first of two that follow each other, and are free. */
async function twoFreePorts(): Promise<number> {
  for (;;) {
    const first = await freePort()
    const next = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      next.once('error', () => resolve(false))
      next.listen(first + 1, '127.0.0.1', () => resolve(true))
    })
    next.close()
    if (isFree) return first
  }
}
