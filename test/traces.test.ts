import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { context, trace } from '@opentelemetry/api'
import { createAsyncContext } from '#lib/telemetry/async-context.ts'
import { createOtlpExporter } from '#lib/telemetry/otlp-exporter.ts'
import { createTracerProvider, type EndedSpan } from '#lib/telemetry/recording-tracer.ts'
import { createRegistry } from '#lib/telemetry/registry.ts'
import { listen, startApp } from './support/app.ts'
import { type Collector, type ReceivedSpan, startCollector } from './support/collector.ts'
import { appFolder, type RunningCommand, startCommand, whenLive } from './support/command.ts'
import { freePort } from './support/free-port.ts'
import { createHttpBrowser } from './support/http-browser.ts'
import { recordEvents } from './support/provider-under-test.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
const unsampled = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`

describe('A55: with OTEL_EXPORTER_OTLP_ENDPOINT the Node host sends traces and metrics', () => {
  let provider: ScriptedProvider
  let collector: Collector
  let running: RunningCommand
  let origin = ''
  const apiRequests: IncomingMessage['headers'][] = []
  const folder = appFolder()
  const api = createServer((request, response) => {
    apiRequests.push(request.headers)
    response.writeHead(request.url === '/broken' ? 500 : 200).end('{}')
  })
  const browser = createHttpBrowser()
  const call = (path: string, headers = {}) =>
    browser.send(`${origin}${path}`, { from: origin, headers: { 'x-csrf': '1', ...headers } })

  before(async () => {
    provider = await startScriptedProvider({ accessTokenLifetime: 1 })
    collector = await startCollector()
    const port = await freePort()
    origin = `http://localhost:${port}`
    folder.write(
      'bff.config.json',
      JSON.stringify({ remotes: { api: { target: await listen(api) } } }),
    )
    running = await startCommand(['serve'], {
      cwd: folder.path,
      env: {
        PORT: String(port),
        BFF_BASE_URL: origin,
        BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
        BFF_STORE: 'sqlite',
        BFF_SQLITE_FILE: `${folder.path}/s.db`,
        BFF_DRAIN: '0',
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: provider.clientId,
        OIDC_CLIENT_SECRET: provider.clientSecret,
        OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.endpoint}/`,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b',
        OTEL_SERVICE_NAME: 'shop-bff',
        LOG_LEVEL: 'debug',
        BFF_ACCESS_LOG: 'true',
        BFF_METRICS_PORT: '0',
      },
    })
    await whenLive(running)
    await browser.visit(`${origin}/bff/login?returnUrl=/marked-return`, {
      until: ({ pathname }) => pathname === '/marked-return',
    })
    // The token has to expire by the clock of another process.
    await sleep(1100)
    await call('/api/remote/api/marked-path?marked=query', {
      traceparent: parent,
      tracestate: 'v=1',
    })
    await call('/api/remote/api/broken')
    await call('/api/remote/api/x', { traceparent: unsampled })
    running.kill()
    assert.equal((await running.ended()).code, 0)
  })
  after(async () => {
    api.closeAllConnections()
    api.close()
    collector.close()
    await provider.close()
    folder.remove()
  })

  const spans = (name: string) => collector.spans().filter((it) => it.name === name)
  const only = (found: ReceivedSpan[]): ReceivedSpan => {
    assert.ok(found[0], JSON.stringify(collector.spans().map(({ name }) => name)))
    return found[0]
  }

  test('a call is a span of the caller’s trace, and the API goes on with it', () => {
    const served = only(spans('GET api').filter(({ traceId }) => traceId === 'a'.repeat(32)))
    assert.deepEqual([served.kind, served.parentSpanId], [2, 'b'.repeat(16)])
    const { attributes } = served
    assert.equal(attributes['http.request.method'], 'GET')
    assert.equal(attributes['http.response.status_code'], '200')
    assert.equal(attributes['http.route'], '/api/remote/api')
    assert.equal(attributes.remote, 'api')
    const out = only(spans('GET').filter((it) => it.parentSpanId === served.spanId))
    assert.equal(out.kind, 3)
    assert.equal(out.attributes['server.address'], '127.0.0.1')
    assert.equal(apiRequests[0]?.traceparent, `00-${'a'.repeat(32)}-${out.spanId}-01`)
    assert.equal(apiRequests[0]?.tracestate, 'v=1')
    assert.ok(BigInt(out.endTimeUnixNano) >= BigInt(out.startTimeUnixNano))
  })

  test('a token request and a store round trip are spans of what they were made for', () => {
    const served = only(spans('GET api').filter(({ traceId }) => traceId === 'a'.repeat(32)))
    const refresh = only(spans('token refresh_token'))
    assert.deepEqual([refresh.traceId, refresh.parentSpanId], [served.traceId, served.spanId])
    const stored = collector.spans().filter((it) => it.name.startsWith('store '))
    assert.ok(stored.some((it) => it.traceId === served.traceId && it.parentSpanId))
    assert.equal(stored[0]?.attributes['db.system.name'], 'sqlite')
  })

  test('a sign-in is a span, its token request within, and the provider is sent the trace', () => {
    const signIn = only(spans('sign-in callback'))
    only(spans('sign-in login'))
    const code = only(spans('token authorization_code'))
    assert.deepEqual([code.traceId, code.parentSpanId], [signIn.traceId, signIn.spanId])
    const sent = provider.requests.map((it) => it.headers.traceparent)
    assert.ok(sent.includes(`00-${code.traceId}-${code.spanId}-01`))
  })

  test('an answer of 500 is an error', () => {
    const broken = only(spans('GET api').filter((it) => it.status.code === 2))
    assert.equal(broken.attributes['error.type'], '500')
  })

  test('what a caller does not want recorded is not, and is carried on as that', () => {
    assert.ok(!collector.spans().some(({ traceId }) => traceId === 'c'.repeat(32)))
    assert.match(String(apiRequests.at(-1)?.traceparent), /^00-c{32}-[0-9a-f]{16}-00$/)
  })

  test('no span, label or line of the log holds a query, a token, a code or a cookie', () => {
    const sent = provider.tokenRequests()
    const secrets = ['refresh_token', 'code', 'code_verifier'].flatMap((name) =>
      sent.flatMap((it) => it.get(name) ?? []),
    )
    assert.ok(secrets.length >= 3)
    for (const all of [collector.bodies.join('\n'), running.stdout()]) {
      assert.ok(all.length > 1000)
      assert.doesNotMatch(all, /marked|eyJ|bff-\d+=|Fe26|a-secret-of-the-tests|k8Zp2VxQ7m/)
      for (const secret of [...secrets, ...provider.state.refreshTokens.keys()]) {
        assert.ok(!all.includes(secret))
      }
    }
    assert.doesNotMatch(collector.bodies.join('\n'), /alice/)
    for (const { name } of collector.spans()) assert.doesNotMatch(name, /[/?]/)
  })

  test('metrics go there too, by their names, and who sends is said', () => {
    const names = collector.metrics()
    for (const name of ['http.server.request.duration', 'cloakroom.token.requests']) {
      assert.ok(names.includes(name), names.join(' '))
    }
    assert.match(collector.bodies.join(), /"service.name","value":\{"stringValue":"shop-bff"\}/)
    assert.equal(collector.headers[0]?.['x-key'], 'a b')
  })
})

describe('A55: the exporter', () => {
  const otlp = { headers: {}, resource: { 'service.name': 'x' }, ratio: 1 }
  const span = {
    ...{ scope: 's', name: 'n', kind: 0, parentSpanId: undefined, startedAt: 1, endedAt: 2 },
    ...{ attributes: {}, status: { code: 0 } },
    context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 },
  }

  test('tells once that the collector is away, drops what it cannot send, and ends', async (t) => {
    const collector = await startCollector()
    t.after(() => collector.close())
    collector.answer(503)
    const log = recordEvents()
    const { endpoint } = collector
    const registry = createRegistry()
    const exporter = createOtlpExporter({ otlp: { ...otlp, endpoint }, registry, fetch, log })
    for (let i = 0; i < 5000; i += 1) exporter.span(span)
    await exporter.close()
    assert.deepEqual(
      log.events.map(({ event }) => event),
      ['telemetry.export_failed'],
    )
    assert.equal(collector.spans().length, 4096)
  })

  test('a collector that takes and never answers holds no end up, however much waits', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const asked: string[] = []
    const hanging: typeof fetch = (url, init) => {
      asked.push(String(url).split('/').at(-1) ?? '')
      return new Promise((_, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new Error('gave up')))
      })
    }
    const log = recordEvents()
    const exporter = createOtlpExporter({
      otlp: { ...otlp, endpoint: 'http://127.0.0.1:3' },
      registry: createRegistry(),
      fetch: hanging,
      log,
    })
    for (let i = 0; i < 4000; i += 1) exporter.span(span)
    let isClosed = false
    const closed = exporter.close().then(() => {
      isClosed = true
    })
    t.mock.timers.tick(5000)
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(isClosed)
    await closed
    assert.deepEqual(asked.sort(), ['metrics', 'traces'])
  })
})

describe('A56: an SDK that the app registers', () => {
  test('gets the spans, and without one the hot path makes none', async (t) => {
    const app = await startApp()
    t.after(() => app.close())
    const browser = app.browser()
    await browser.signInHere()
    await browser.call('/api/remote/api/x')
    assert.equal(app.apiRequests.at(-1)?.headers.traceparent, undefined)
    const ended: EndedSpan[] = []
    trace.setGlobalTracerProvider(createTracerProvider({ ratio: 1, onEnd: (it) => ended.push(it) }))
    context.setGlobalContextManager(createAsyncContext())
    t.after(() => {
      trace.disable()
      context.disable()
    })
    await browser.call('/api/remote/api/x')
    const names = ended.map(({ name }) => name)
    assert.ok(names.includes('GET api') && names.includes('GET'), names.join())
    assert.match(String(app.apiRequests.at(-1)?.headers.traceparent), /-01$/)
  })
})
