import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createResponseHeaders } from './response-headers.ts'

const place = {
  origin: 'https://a.example',
  prefix: '',
  publicPrefix: '/api/remote/a',
  publicOrigin: 'https://app.example',
}
const policy = createResponseHeaders({
  ...{
    place,
    cache: 'private',
    setCookie: [],
    expose: [],
    varyByOrigin: false,
  },
})
const context = {
  requestId: '1',
  upstreamPath: '/',
  apiCookies: [],
  setCookie: undefined,
  corsHeaders: [],
}

function answer(headers: Record<string, string | string[]>, status = 200) {
  const flat = policy(status, headers, context)
  const of = (name: string) =>
    flat.flatMap((it, i) => (i % 2 === 0 && it === name ? [flat[i + 1] as string] : []))
  return { of, csp: of('content-security-policy') }
}

const inert = [
  ...['application/json', 'application/problem+json', 'application/vnd.api+json', 'a/b+json'],
  ...['application/jsonl', 'application/x-ndjson', 'application/ndjson', 'application/json-seq'],
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp'],
  ...['image/x-icon', 'audio/mpeg', 'video/mp4', 'font/woff2', 'application/pdf', 'text/plain'],
  ...['application/wasm', 'application/octet-stream', 'text/css', 'text/event-stream'],
]
const active = [
  ...['text/html', 'application/xhtml+xml', 'image/svg+xml', 'text/xml', 'application/xml', 'x'],
  ...['application/rss+xml', 'video/x+xml', 'font/a+xml', 'audio/x+xml', 'a/b+xml+json'],
  ...['multipart/x-mixed-replace; boundary=a', 'multipart/mixed', 'multipart/a+json', 'text/xsl'],
  ...['application/javascript', 'text/javascript', 'image/*', '*/*', 'unknown/unknown', ''],
  ...['application/x-www-form-urlencoded', 'message/rfc822', 'application/mathml+xml', 'json'],
]

describe('P14: one Content-Type line with one type and no parameter but charset is inert', () => {
  it('as it is, in any case, and with a charset', () => {
    for (const type of inert) {
      for (const line of [type, type.toUpperCase(), `${type};charset=utf-8`]) {
        assert.deepEqual(answer({ 'content-type': line }).csp, [], line)
      }
      assert.deepEqual(answer({ 'content-type': `${type} ; Charset=UTF-8` }).csp, [])
    }
  })

  it('and with anything else about it is in a sandbox', () => {
    for (const type of inert) {
      for (const line of [
        ...[`${type}, text/html`, `text/html, ${type}`, `${type},${type}`, `${type};text/html`],
        ...[`${type}; charset="utf-8"`, `${type}; boundary=a`, `${type}; charset=utf-8, text/html`],
        ...[
          `${type}; charset=a; x=b`,
          `${type};`,
          `${type}; charset=`,
          `${type}x\u017f`,
          `"${type}"`,
        ],
        ...[`${type}\u00a0`, `${type} text/html`, `${type}; charset=utf-8\ttext/html`, ` ,${type}`],
        ...[
          [type, 'text/html'],
          ['text/html', type],
          [type, type],
          [type, '', type],
        ],
      ]) {
        assert.deepEqual(answer({ 'content-type': line }).csp, ['sandbox'], String(line))
      }
    }
  })

  it('whatever is put around the text/html that a browser would find', () => {
    const part = fc.constantFrom(...inert, ',', ';', ' ', '\t', '"', 'charset=', 'utf-8', '=', '/')
    fc.assert(
      fc.property(fc.array(part), fc.array(part), (before, after) => {
        const line = `${before.join('')}text/html${after.join('')}`
        // `a/text/html` and the like are no type at all; a type that is inert as a whole has no such part.
        assert.deepEqual(answer({ 'content-type': line }).csp, ['sandbox'], line)
      }),
    )
  })
})

describe('P30: answers are inert by default', () => {
  it('all but those of the list are in a sandbox', () => {
    for (const type of active) {
      assert.deepEqual(answer({ 'content-type': type }).csp, ['sandbox'], type)
    }
    for (const status of [200, 204, 206, 404, 500]) {
      assert.deepEqual(answer({}, status).csp, ['sandbox'])
    }
    const hidden = { connection: 'content-type', 'content-type': 'text/plain' }
    assert.deepEqual(answer(hidden).csp, ['sandbox'])
  })

  it('the API’s own policy passes beside ours, and never by itself', () => {
    const own = "script-src *; sandbox allow-scripts allow-same-origin; default-src 'none'"
    const policies = { 'content-security-policy': own }
    assert.deepEqual(answer({ ...policies, 'content-type': 'text/html' }).csp, [own, 'sandbox'])
    assert.deepEqual(answer({ ...policies, 'content-type': 'text/plain' }).csp, [])
    assert.deepEqual(answer({ 'content-security-policy': [own, own] }).csp, [own, own, 'sandbox'])
  })

  it('a 304 says nothing of the content, and nothing of what a page may do', () => {
    const headers = {
      ...{ etag: '"1"', date: 'now', 'content-location': '/x', 'x-app': '1' },
      ...{ 'content-type': 'text/html', 'content-disposition': 'inline', 'content-encoding': 'br' },
      ...{ 'content-security-policy': 'script-src *', 'x-frame-options': 'ALLOWALL' },
      ...{ 'content-security-policy-report-only': 'a', 'x-content-type-options': 'x' },
      ...{ 'cross-origin-opener-policy': 'unsafe-none', 'cross-origin-resource-policy': 'a' },
      ...{ 'referrer-policy': 'unsafe-url', 'permissions-policy': 'a', 'x-xss-protection': '0' },
      ...{ 'document-policy': 'a', 'cross-origin-embedder-policy-report-only': 'a' },
    }
    for (const given of [headers, { ...headers, 'content-type': 'text/plain' }, {}]) {
      const names = policy(304, given, context).filter((_, i) => i % 2 === 0)
      const allowed = ['etag', 'date', 'content-location', 'x-app', 'cache-control', 'vary']
      const ours = ['x-content-type-options', 'x-request-id']
      assert.deepEqual(
        names.filter((name) => ![...allowed, ...ours].includes(name)),
        [],
      )
      // The same as on every answer, so nothing that is stored changes by it.
      assert.deepEqual(answer(given, 304).of('x-content-type-options'), ['nosniff'])
    }
  })
})
