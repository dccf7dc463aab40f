import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { describe, it } from 'node:test'
import { createResponseHeaders, type ResponseHeaderOptions } from './response-headers.ts'

const place = {
  origin: 'https://api.example.com',
  prefix: '/v1',
  publicPrefix: '/api/remote/orders',
}
const context = {
  requestId: 'request-1',
  upstreamPath: '/v1/items/5?x=1',
  setCookie: undefined,
  corsHeaders: [],
}

function answer(
  headers: IncomingHttpHeaders,
  options: Partial<ResponseHeaderOptions> = {},
  extra: { status?: number; setCookie?: string } = {},
): Record<string, string[]> {
  const policy = createResponseHeaders({
    ...{ place, cache: 'no-store', setCookie: [], varyByOrigin: false },
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
    })
  })

  for (const name of [
    'connection',
    'keep-alive',
    'trailer',
    'upgrade',
    'proxy-authenticate',
    'set-cookie',
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'cdn-cache-control',
    'vercel-cdn-cache-control',
    'cloudflare-cdn-cache-control',
    'surrogate-control',
    'surrogate-key',
    'cache-tag',
    'age',
    'expires',
    'pragma',
    'clear-site-data',
    'service-worker-allowed',
    'alt-svc',
    'strict-transport-security',
    'nel',
    'report-to',
    'x-accel-redirect',
    'x-sendfile',
    'x-middleware-rewrite',
    'dpop-nonce',
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

  it('keep what a page may run in a sandbox, and nothing else', () => {
    const active = [
      'text/html',
      'Text/HTML; charset=utf-8',
      'application/xhtml+xml',
      'image/svg+xml',
      'text/xml',
      'application/xml',
      'application/rss+xml',
      'multipart/x-mixed-replace; boundary=a',
      'text/plain, text/html',
    ]
    for (const type of active) {
      const found = answer({
        'content-type': type,
        'content-security-policy': "default-src 'none'",
      })
      assert.deepEqual(found['content-security-policy'], ["default-src 'none'", 'sandbox'], type)
    }
    assert.deepEqual(answer({})['content-security-policy'], ['sandbox'])
    const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
    for (const type of ['application/json', 'text/plain', 'image/png', 'application/pdf', docx]) {
      assert.equal(answer({ 'content-type': type })['content-security-policy'], undefined, type)
    }
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
    ['http://api.example.com/v1/items', 'http://api.example.com/v1/items'],
    ['https://api.example.com:8443/v1/items', 'https://api.example.com:8443/v1/items'],
    ['http://[broken', 'http://[broken'],
  ] as const) {
    it(`${location} becomes ${expected}`, () => {
      assert.deepEqual(answer({ location }, {}, { status: 302 }).location, [expected])
    })
  }
})
