import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { metrics } from '@opentelemetry/api'
import { prometheusText } from '#lib/telemetry/prometheus-text.ts'
import { createRegistry } from '#lib/telemetry/registry.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'

const registry = createRegistry()
let app: App
let browser: AppBrowser

before(async () => {
  app = await startApp({
    registry,
    api: (request, response) => {
      if (request.url !== '/events') return void response.end('{}')
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    },
  })
  browser = app.browser()
  await browser.signInHere()
})
after(() => app.close())

const scrape = () => prometheusText(registry)

/** The samples of a metric by their labels. */
function samples(name: string): Record<string, number> {
  const lines = scrape().split('\n')
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, labels = '', value] = line.match(`^${name}(?:\\{(.*)\\})? (\\S+)$`) ?? []
      return value === undefined ? [] : [[labels, Number(value)]]
    }),
  )
}

const count = 'http_server_request_duration_seconds_count'

describe('A52: what is counted', () => {
  test('requests by method, status, route and remote', async () => {
    await browser.call('/api/remote/api/x?token=secret')
    await app.browser().call('/bff/user')
    await browser.call('/api/remote/somebody-made-this-up/x')
    await browser.call('/bff/made-up')
    const labels = (status: number, route: string, remote = '') =>
      `http_request_method="GET",http_response_status_code="${status}",http_route="${route}",url_scheme="http"${remote}`
    const seen = samples(count)
    assert.equal(seen[labels(200, '/api/remote/api', ',remote="api"')], 1)
    assert.equal(seen[labels(401, '/bff/user')], 1)
    assert.equal(seen[labels(404, '/api/remote')], 1)
    assert.equal(seen[labels(404, 'page')], 1)
  })

  test('sign-ins, sessions and token requests', async () => {
    assert.equal(samples('cloakroom_sign_ins_total')['outcome="succeeded"'], 1)
    const { headers } = await browser.send(`${app.origin}/bff/login`)
    const state = new URL(headers.get('location') ?? '').searchParams.get('state')
    await browser.send(`${app.origin}/bff/callback?error=access_denied&state=${state}`)
    assert.equal(samples('cloakroom_sign_ins_total')['outcome="sign_in_failed"'], 1)
    const granted = 'grant="authorization_code",outcome="ok"'
    assert.equal(samples('cloakroom_token_requests_total')[granted], 1)
    const begun = 'event="begun",reason="sign_in"'
    assert.equal(samples('cloakroom_sessions_total')[begun], 1)
  })

  test('a refresh, and what it took', async () => {
    app.advance(301_000)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    assert.equal(samples('cloakroom_token_refresh_wait_seconds_count')[''], 1)
    const granted = 'grant="refresh_token",outcome="ok"'
    assert.equal(samples('cloakroom_token_requests_total')[granted], 1)
  })

  test('streams while they are open', async () => {
    const other = app.browser()
    await other.signInHere()
    const cookie = [...(other.jar.get('localhost') ?? [])].map((it) => it.join('=')).join('; ')
    const gone = new AbortController()
    const headers = { cookie, 'x-csrf': '1' }
    await fetch(`${app.origin}/api/remote/api/events`, { headers, signal: gone.signal })
    assert.equal(samples('cloakroom_streams_open')[''], 1)
    gone.abort()
    while (samples('cloakroom_streams_open')[''] !== 0) await new Promise(setImmediate)
  })
})

test('A52: what strangers make up makes no label', async () => {
  for (let i = 0; i < 30; i += 1) {
    await app.browser().call(`/api/remote/r${i}/x`)
    await app.browser().call(`/bff/e${i}`)
    await app.browser().call('/api/remote/api/x', { method: 'PROPFIND' })
  }
  const labels = Object.keys(samples(count)).join('\n')
  assert.doesNotMatch(labels, /r1|e1|PROPFIND|secret|alice/)
  assert.match(labels, /http_request_method="_OTHER"/)
})

test('A52: the delay of the event loop is shown from the second look on', async () => {
  scrape()
  await new Promise((resolve) => setTimeout(resolve, 1100))
  for (const reading of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99']) {
    const [value] = Object.values(samples(`nodejs_eventloop_delay_${reading}_seconds`))
    assert.ok(value !== undefined && value >= 0 && value < 10, `${reading} ${value}`)
  }
})

test('A52: an SDK that the app registers, however late, is told the same', async (t) => {
  const recorded: unknown[][] = []
  const instrument = (name: string) => ({
    add: (value: number, attributes: unknown) => recorded.push([name, value, attributes]),
    record: (_: number, attributes: unknown) => recorded.push([name, attributes]),
    addCallback: (read: (result: unknown) => void) =>
      read({
        observe: (value: number, attributes: unknown) => recorded.push([name, value, attributes]),
      }),
  })
  const meter = {
    createCounter: instrument,
    createHistogram: instrument,
    createObservableGauge: instrument,
  }
  metrics.setGlobalMeterProvider({ getMeter: () => meter } as never)
  t.after(() => metrics.disable())
  await browser.call('/api/remote/api/x')
  const attributes = {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/api/remote/api',
    'url.scheme': 'http',
    remote: 'api',
  }
  assert.deepEqual(recorded.at(-1), ['http.server.request.duration', attributes])
  const gauge = ['cloakroom.circuit.open', 0, { remote: 'api' }]
  assert.ok(recorded.some((it) => JSON.stringify(it) === JSON.stringify(gauge)))
  metrics.disable()
  await browser.call('/api/remote/api/x')
  const { length } = recorded
  await browser.call('/api/remote/api/x')
  assert.equal(recorded.length, length)
})
