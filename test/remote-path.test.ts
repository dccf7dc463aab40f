import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { rawRequest, request } from './support/raw-http.ts'
import {
  type RemoteFixture,
  startRemote,
  startUpstream,
  type Upstream,
} from './support/remote-fixture.ts'

describe('P1, P2: what reaches the API', () => {
  let upstream: Upstream
  let elsewhere: Upstream
  let fixture: RemoteFixture

  before(async () => {
    upstream = await startUpstream()
    elsewhere = await startUpstream()
    fixture = await startRemote({
      remotes: [{ target: `${upstream.origin}/v1` }, { name: 'bare', target: upstream.origin }],
    })
  })
  after(async () => {
    assert.equal(elsewhere.requests.length, 0)
    await fixture.close()
    await elsewhere.close()
    await upstream.close()
  })

  const seen = () => upstream.requests.at(-1)?.url

  it('P2: is path and query byte for byte', async () => {
    for (const rest of [
      '/items?b=2&a=1&a=3&empty=&flag&q=a+b%20c%2Fd',
      '/%7Euser/%e2%82%ac;v=1/a:b@c',
      '/a//b/?x=/../y',
      '',
      '?only=query',
      '/',
    ]) {
      assert.equal((await request(fixture.port, `/api/remote/api${rest}`)).status, 200, rest)
      assert.equal(seen(), `/v1${rest}`)
    }
    await request(fixture.port, '/api/remote/bare?x')
    assert.equal(seen(), '/?x')
  })

  it('P1: is nothing at all for a path that some server could read as another', async () => {
    const before = upstream.requests.length
    for (const path of [
      '/../admin',
      '/%2e%2e/admin',
      '/..%2fadmin',
      '/..%5cadmin',
      '/..;/admin',
      '/%252e%252e/admin',
      '/a/%2e/../b',
      '//evil.example/x',
      '/\\evil.example',
      '/a%00',
      '/a#b',
    ]) {
      const answer = await request(fixture.port, `/api/remote/api${path}`)
      assert.equal(answer.status, 400, path)
      assert.equal(JSON.parse(answer.body).code, 'bad_path')
    }
    for (const name of ['api%2f..', '..', '%2e%2e', 'api;x', 'api@evil.example', 'a\\b']) {
      assert.equal((await request(fixture.port, `/api/remote/${name}/x`)).status, 400, name)
    }
    for (const name of ['nope', '', 'constructor', '__proto__']) {
      assert.equal((await request(fixture.port, `/api/remote/${name}/x`)).status, 404, name)
    }
    const absolute = await request(fixture.port, `${elsewhere.origin}/api/remote/api/x`)
    assert.equal(absolute.status, 404)
    assert.equal(upstream.requests.length, before)
  })

  it('P1: is, for any path, the target’s prefix and the same bytes, or nothing', async () => {
    const piece = fc.constantFrom(
      ...[
        '/',
        '/',
        '/',
        '.',
        '..',
        '%2e',
        '%2f',
        '%5c',
        '%25',
        ';',
        '@',
        ':',
        '\\',
        '?',
        '&',
        '=',
        '+',
      ],
      ...[
        'a',
        'B',
        '~',
        '*',
        "'",
        '%41',
        '%00',
        '%0a',
        '%c0%ae',
        '%zz',
        '\u00e9',
        '\u007f',
        '#',
        '|',
        '^',
      ],
    )
    const targets = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(targets, async (rest) => {
        const before = upstream.requests.length
        const target = `/api/remote/api/${rest}`
        const answer = await request(fixture.port, target)
        if (answer.status === 200) {
          assert.equal(upstream.requests.length, before + 1)
          assert.equal(seen(), `/v1/${rest}`)
        } else {
          assert.equal(answer.status, 400, `${target} was answered ${answer.status}`)
          assert.equal(upstream.requests.length, before)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('P13: is never a 5xx for a malformed head', async () => {
    const lines = fc.array(
      fc.tuple(
        fc.constantFrom(
          'Cookie',
          'Origin',
          'X-A',
          'Content-Length',
          'Connection',
          'X-Request-Id',
          'Via',
          'traceparent',
          'Expect',
        ),
        fc.string({
          unit: fc.constantFrom(
            'a',
            '1',
            ',',
            ';',
            '=',
            '"',
            '\\',
            '\t',
            ' ',
            '\u00ff',
            '\u0001',
            '\u007f',
            '%',
          ),
        }),
      ),
      { maxLength: 5 },
    )
    await fc.assert(
      fc.asyncProperty(lines, async (pairs) => {
        const headers = pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('')
        const answer = await rawRequest(
          fixture.port,
          `GET /api/remote/api/x HTTP/1.1\r\nHost: a\r\nX-CSRF: 1\r\nConnection: close\r\n${headers}\r\n`,
        )
        assert.ok(answer.status < 500, `${headers} was answered ${answer.status}`)
      }),
      { numRuns: 200 },
    )
  })
})
