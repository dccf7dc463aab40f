import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { listenForScrapes, type MetricsListener } from '#lib/hosts/metrics-listener.ts'
import { createRegistry } from '#lib/telemetry/registry.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { type RedisServer, startRedisServer } from './support/redis-server.ts'

type Samples = Record<string, number>

/** A team that sees nothing but `/metrics`: what it sees when something is wrong, and that it sees nothing before. */
describe('A58: what goes wrong shows in the metrics alone', () => {
  const registry = createRegistry()
  let redis: RedisServer
  let app: App
  let listener: MetricsListener
  let refuses = false

  before(async () => {
    redis = await startRedisServer()
    app = await startApp({
      registry,
      store: 'settings',
      env: {
        BFF_STORE: 'redis',
        REDIS_URL: redis.url,
        BFF_TRUST_PROXY: '127.0.0.0/8,::1/128',
      },
      api: (_, response) => response.writeHead(refuses ? 401 : 200).end('{}'),
    })
    listener = await listenForScrapes(registry, { host: '127.0.0.1', metricsPort: 0 })
  })
  after(async () => {
    listener.close()
    await app.close()
    await redis.close()
  })

  async function scrape(): Promise<Samples> {
    const answer = await fetch(`http://127.0.0.1:${listener.port}/metrics`)
    const lines = (await answer.text()).split('\n').filter((line) => !line.startsWith('#'))
    return Object.fromEntries(
      lines.map((line) => {
        const at = line.lastIndexOf(' ')
        return [line.slice(0, at), Number(line.slice(at + 1))]
      }),
    )
  }

  /** By how much a metric grew over all series whose labels contain these. */
  function growth(from: Samples, to: Samples, name: string, ...labels: string[]): number {
    return Object.entries(to)
      .filter(([series]) => series.split('{')[0] === name)
      .filter(([series]) => labels.every((it) => series.includes(it)))
      .reduce((sum, [series, value]) => sum + value - (from[series] ?? 0), 0)
  }

  const owner = { 'x-forwarded-for': '203.0.113.7', 'user-agent': 'Firefox' }
  const call = (browser: AppBrowser, headers: Record<string, string> = owner) =>
    browser.call('/api/remote/api/x', { headers })

  async function signedIn(): Promise<AppBrowser> {
    const browser = app.browser()
    await browser.signInHere()
    assert.equal((await call(browser)).status, 200)
    return browser
  }

  test('a provider that is slow', async (t) => {
    const browser = await signedIn()
    const from = await scrape()
    app.provider.override('token', async (_, usual) => ({ ...(await usual()), delayMs: 300 }))
    t.after(() => app.provider.override('token'))
    app.advance(301_000)
    await call(browser)
    const to = await scrape()
    const name = 'cloakroom_token_refresh_wait_seconds'
    const all = growth(from, to, `${name}_count`)
    assert.equal(all, 1)
    assert.equal(growth(from, to, `${name}_bucket`, 'le="0.25"'), 0)
    assert.equal(growth(from, to, `${name}_bucket`, 'le="+Inf"'), all)
    app.provider.override('token', () => ({ status: 503 }))
    app.advance(301_000)
    await call(browser)
    const failed = await scrape()
    const requests = 'cloakroom_token_requests_total'
    assert.equal(growth(to, failed, requests, 'grant="refresh_token"', 'outcome="unavailable"'), 1)
  })

  test('a leaked ticket that is replayed from elsewhere', async () => {
    const browser = await signedIn()
    await call(browser)
    const from = await scrape()
    const thief = { 'x-forwarded-for': '198.51.100.9', 'user-agent': 'curl/8' }
    await call(browser)
    assert.equal(growth(from, await scrape(), 'cloakroom_sessions_total', 'event="moved"'), 0)
    await call(browser, thief)
    const to = await scrape()
    const moved = ['event="moved"', 'reason="address_and_browser"']
    assert.equal(growth(from, to, 'cloakroom_sessions_total', ...moved), 1)
  })

  test('an API that answers 401 to all', async () => {
    const browser = await signedIn()
    const from = await scrape()
    refuses = true
    for (let i = 0; i < 10; i += 1) await call(browser)
    refuses = false
    const to = await scrape()
    const count = 'http_server_request_duration_seconds_count'
    const refused = growth(from, to, count, 'remote="api"', 'status_code="401"')
    assert.equal(refused / growth(from, to, count, 'remote="api"'), 1)
    assert.equal(growth(from, to, count, 'remote="api"'), 10)
  })

  test('a Redis that is gone', async () => {
    const browser = await signedIn()
    const from = await scrape()
    await redis.kill()
    for (let i = 0; i < 3; i += 1) await call(browser)
    const to = await scrape()
    const count = 'http_server_request_duration_seconds_count'
    assert.equal(growth(from, to, count, 'remote="api"', 'status_code="503"'), 3)
    assert.equal(growth(from, to, 'cloakroom_store_outages_total'), 1)
    assert.ok(growth(from, to, 'cloakroom_store_commands_total', 'outcome="failed"') >= 1)
  })

  test('the alerts of docs/operations.md speak of metrics and labels that there are', async () => {
    const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8')
    const rules = /```yaml\n(groups:[\s\S]*?)```/.exec(page)?.[1] ?? ''
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name)
    assert.equal(alerts.length, 4)
    const text = Object.keys(await scrape()).join('\n')
    const names = new Set(rules.match(/\b(?:http|cloakroom)_\w+/g))
    for (const name of names) assert.match(text, new RegExp(name), name)
    for (const [matcher] of rules.matchAll(/\b(?:event|reason|outcome)="\w+"/g)) {
      assert.ok(text.includes(matcher), matcher)
    }
  })
})
