import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type AnswerHeaders,
  createResponseHeaders,
  type ResponseHeaderOptions,
} from './response-headers.ts'

const place = {
  origin: 'https://api.example.com',
  prefix: '/v1',
  publicPrefix: '/api/remote/orders',
  publicOrigin: 'https://app.example',
}
const context = {
  requestId: 'request-1',
  upstreamPath: '/v1/items/5?x=1',
  apiCookies: [],
  setCookie: undefined,
  corsHeaders: [],
}

function answer(
  headers: AnswerHeaders,
  options: Partial<ResponseHeaderOptions> = {},
  extra: { status?: number; setCookie?: string } = {},
): Record<string, string[]> {
  const policy = createResponseHeaders({
    ...{
      place,
      cache: 'no-store',
      setCookie: [],
      expose: [],
      varyByOrigin: false,
    },
    ...options,
  })
  const flat = policy(extra.status ?? 200, headers, { ...context, setCookie: extra.setCookie })
  const found: Record<string, string[]> = {}
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string
    found[name] = [...(found[name] ?? []), flat[i + 1] as string]
  }
  return found
}

describe('P4: an answer’s headers on their way out', () => {
  it('are ours for what concerns the app’s origin, and the API’s for the rest', () => {
    const found = answer({
      'content-type': 'application/json',
      'content-length': '2',
      etag: '"1"',
      'x-total': '7',
      date: 'now',
      'cache-control': 'public, max-age=600',
      'x-request-id': 'theirs',
      'x-content-type-options': 'theirs',
    })
    assert.deepEqual(found, {
      'content-type': ['application/json'],
      'content-length': ['2'],
      etag: ['"1"'],
      'x-total': ['7'],
      date: ['now'],
      'cache-control': ['private, no-store'],
      vary: ['Cookie'],
      'x-content-type-options': ['nosniff'],
      'x-request-id': ['request-1'],
      'x-upstream-request-id': ['theirs'],
    })
  })

  for (const name of [
    ...['connection', 'keep-alive', 'trailer', 'upgrade', 'proxy-authenticate', 'set-cookie', 'te'],
    ...['access-control-allow-origin', 'access-control-allow-credentials', 'cdn-cache-control'],
    ...['vercel-cdn-cache-control', 'cloudflare-cdn-cache-control', 'surrogate-control', 'expires'],
    ...['surrogate-key', 'cache-tag', 'age', 'pragma', 'clear-site-data', 'service-worker-allowed'],
    ...['alt-svc', 'x-accel-redirect', 'dpop-nonce'],
  ]) {
    it(`have no ${name}`, () => {
      assert.equal(answer({ [name]: 'v', 'content-type': 'text/plain' })[name], undefined)
    })
  }

  it('lose what Connection names', () => {
    assert.equal(answer({ connection: 'X-Hop, close', 'x-hop': '1' })['x-hop'], undefined)
  })

  it('let through the cookies that the setting names, and our own', () => {
    const cookies = ['theme=dark; Path=/', 'session=x', 'themes=1', ' theme =light', 'theme']
    const found = answer(
      { 'set-cookie': cookies },
      { setCookie: ['theme'] },
      { setCookie: 'bff=new; HttpOnly' },
    )
    assert.deepEqual(found['set-cookie'], [
      'theme=dark; Path=/',
      ' theme =light',
      'bff=new; HttpOnly',
    ])
  })

  it('let one browser keep an answer where the setting says so, and never a shared cache', () => {
    const cache = (value?: string) =>
      answer(value === undefined ? {} : { 'cache-control': value }, { cache: 'private' })[
        'cache-control'
      ]
    assert.deepEqual(cache('public, max-age=60, s-maxage=600'), ['private, max-age=60'])
    assert.deepEqual(cache('private="set-cookie", must-revalidate'), ['private, must-revalidate'])
    assert.deepEqual(cache('no-store'), ['private, no-store'])
    assert.deepEqual(cache(), ['private, no-store'])
  })

  it('vary by cookie beside what the API says, and by origin where there are listed ones', () => {
    assert.deepEqual(answer({ vary: 'Accept' }).vary, ['Accept, Cookie'])
    assert.deepEqual(answer({}, { varyByOrigin: true }).vary, ['Cookie, Origin'])
  })

  it('ask proxies in front of us not to gather events', () => {
    const found = answer({ 'content-type': 'text/event-stream' })
    assert.deepEqual(found['x-accel-buffering'], ['no'])
  })

  it('show a token challenge and never one that opens the browser’s password dialog', () => {
    const shown = (value: string) =>
      answer({ 'www-authenticate': value }, {}, { status: 401 })['www-authenticate']
    assert.deepEqual(shown('Bearer error="invalid_token"'), ['Bearer error="invalid_token"'])
    assert.equal(shown('Basic realm="api"'), undefined)
    assert.equal(shown('Bearer realm="a", Basic realm="b"'), undefined)
  })

  it('S14: set a cookie by its name, which has no white space of Unicode around it', () => {
    const found = answer(
      { 'set-cookie': ['\u00a0ok=1', 'ok\u00a0=2', ' ok\t=3'] },
      { setCookie: ['ok'] },
    )
    assert.deepEqual(found['set-cookie'], [' ok\t=3'])
  })

  it('have no length on a 204, and refuse a coding that nobody asked for', () => {
    const empty = answer({ 'content-length': '0' }, {}, { status: 204 })
    assert.equal(empty['content-length'], undefined)
    assert.throws(() => answer({ 'transfer-encoding': 'gzip, chunked' }))
  })
})

describe('P27: an answer that streams', () => {
  const bufferingOf = (type: string | string[], said?: string) =>
    answer({ 'content-type': type, ...(said ? { 'x-accel-buffering': said } : {}) })[
      'x-accel-buffering'
    ]

  for (const type of [
    ...['text/event-stream', 'text/event-stream;charset=utf-8', 'Text/Event-Stream'],
    ...['application/x-ndjson', 'application/jsonl', 'application/json-seq', 'multipart/mixed'],
    ...['multipart/mixed; boundary="-"', 'application/connect+json', 'application/connect+proto'],
    ...['application/grpc-web', 'application/grpc-web+proto', 'application/grpc-web-text+proto'],
  ]) {
    it(`is gathered by no proxy in front: ${type}`, () => {
      assert.deepEqual(bufferingOf(type), ['no'])
      assert.deepEqual(bufferingOf(type, 'yes'), ['no'])
      assert.deepEqual(bufferingOf(['text/plain', type]), ['no'])
    })
  }

  it('may be any, where the API says so, and says nothing else to a front', () => {
    for (const type of ['application/json', 'multipart/mixed-up', 'application/jsonl2', 'a/b']) {
      assert.equal(bufferingOf(type), undefined)
      assert.deepEqual(bufferingOf(type, 'no'), ['no'])
      assert.deepEqual(bufferingOf(type, 'yes'), ['yes'])
      assert.equal(bufferingOf(type, 'no, yes'), undefined)
    }
    for (const name of ['redirect', 'expires', 'limit-rate', 'charset', 'buffering-x']) {
      const header = `x-accel-${name}`
      assert.equal(answer({ [header]: 'no' }, { expose: [header] })[header], undefined)
    }
  })
})

describe('P20: an answer’s headers that command a browser, a server or a CDN', () => {
  for (const name of [
    ...['refresh', 'set-login', 'sec-session-challenge', 'sec-session-registration', 'te'],
    ...[
      'use-as-dictionary',
      'timing-allow-origin',
      'x-reproxy-url',
      'netlify-vary',
      'netlify-vary-x',
    ],
    ...[
      'netlify-cdn-cache-control',
      'x-cdn-cache-control',
      'cdn-loop',
      'my-cdn-tag',
      'edge-control',
    ],
    ...['edge-cache-tag', 'fastly-debug', 'akamai-grn', 'x-litespeed-cache-control'],
    ...['x-litespeed-tag', 'x-litespeed-purge'],
  ]) {
    it(`have no ${name}, set by the API or exposed by setting`, () => {
      const headers = { [name]: 'v', 'content-type': 'text/plain' }
      assert.equal(answer(headers)[name], undefined)
      assert.equal(answer(headers, { expose: [name] })[name], undefined)
    })
  }
})

describe('P32: an answer’s headers pass by name', () => {
  for (const name of [
    ...['strict-transport-security', 'nel', 'report-to', 'reporting-endpoints', 'accept-ch'],
    ...['critical-ch', 'origin-trial', 'origin-agent-cluster', 'x-middleware-rewrite'],
    ...['x-envoy-immediate-health-check-fail', 'x-envoy-degraded', 'x-archive-files'],
    ...['x-appengine-blobkey', 'x-cache-tag', 'x-cache-tags', 'x-edge-control', 'x-surrogate-key'],
    ...['x-netlify-cache-tag', 'x-akamai-edgescape', 'x-matched-path', 'x-invoke-path'],
    ...['x-nextjs-redirect', 'x-vercel-cache', 'x-vercel-id', 'x-sendfile', 'x-sendfile-type'],
    ...[
      'x-lighttpd-send-file',
      'x-lighttpd-send-tempfile',
      'x-reproxy-expected-size',
      'edge-control',
    ],
    ...['secure-session-registration', 'activate-storage-access', 'observe-browsing-topics'],
    ...['attribution-reporting-register-source', 'speculation-rules', 'supports-loading-mode'],
    ...['integrity-policy', 'integrity-policy-report-only', 'service-worker-allowed'],
    ...['public-key-pins', 'set-cookie2', 'a-header-of-tomorrow', 'constructor', '__proto__'],
  ]) {
    it(`drop ${name}`, () => {
      const headers = Object.assign(Object.create(null), { [name]: 'v' })
      assert.deepEqual(answer(headers)[name], answer({})[name])
    })
  }

  it('pass those of the standards, those of one’s own, and those that the setting names', () => {
    for (const name of [
      ...['etag', 'date', 'last-modified', 'content-disposition', 'content-language'],
      ...[
        'accept-ranges',
        'content-range',
        'retry-after',
        'server-timing',
        'deprecation',
        'sunset',
      ],
      ...['allow', 'preference-applied', 'repr-digest', 'ratelimit', 'ratelimit-policy', 'warning'],
      ...['ratelimit-remaining', 'x-total-count', 'x-ratelimit-limit', 'x-next-page', 'x-cache'],
      ...['x-vercel-ai-ui-message-stream', 'x-frame-options', 'cross-origin-opener-policy'],
      ...['referrer-policy', 'permissions-policy', 'grpc-status', 'connect-content-encoding'],
      ...[
        'upload-offset',
        'tus-resumable',
        'mcp-session-id',
        'odata-version',
        'request-id',
        'x-csrf-token',
      ],
    ]) {
      assert.deepEqual(answer({ [name]: 'v' })[name], ['v'], name)
    }
    assert.equal(answer({ 'total-count': '7' })['total-count'], undefined)
    assert.deepEqual(answer({ 'total-count': '7' }, { expose: ['total-count'] })['total-count'], [
      '7',
    ])
  })
})

describe('P8: a Location', () => {
  for (const [location, expected] of [
    ['https://api.example.com/v1/items/6?a=1#f', '/api/remote/orders/items/6?a=1#f'],
    ['/v1/items/6', '/api/remote/orders/items/6'],
    ['6', '/api/remote/orders/items/6'],
    ['../x', '/api/remote/orders/x'],
    ['?page=2', '/api/remote/orders/items/5?page=2'],
    ['/v1', '/api/remote/orders'],
    ['/v1/../v1/y', '/api/remote/orders/y'],
    ['/v2/items', 'https://api.example.com/v2/items'],
    ['/v10/items', 'https://api.example.com/v10/items'],
    ['../../../v2', 'https://api.example.com/v2'],
    ['//other.example/x', 'https://other.example/x'],
    ['https://login.example/authorize?x=1', 'https://login.example/authorize?x=1'],
    ['http://api.example.com/v1/items', '/api/remote/orders/items'],
    ['https://api.example.com:8443/v1/items', 'https://api.example.com:8443/v1/items'],
    ['http://[broken', 'http://[broken'],
  ] as const) {
    it(`${location} becomes ${expected}`, () => {
      assert.deepEqual(answer({ location }, {}, { status: 302 }).location, [expected])
    })
  }
})
