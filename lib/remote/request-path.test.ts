import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isSafePath, isSafeQuery, upstreamPath } from './request-path.ts'

const place = {
  origin: 'https://api.example.com',
  prefix: '/orders',
  publicPrefix: '/api/remote/orders',
  publicOrigin: 'https://app.example',
}

describe('P1: the path behind a remote’s name', () => {
  const harmless = [
    '',
    '/',
    '/items/5',
    '/items/',
    '/items//5',
    '/.well-known/x',
    '/..a/b..',
    '/a.b/...c',
    '/@me/a:b;v=1',
    '/a%20b/%C3%A9',
    '/group%2Fproject',
    '/100%25',
    '/%252520',
    '/caf\u00c3\u00a9',
  ]
  for (const path of harmless) {
    it(`may be ${JSON.stringify(path)}, byte for byte`, () => {
      assert.equal(isSafePath(path), true)
      assert.equal(upstreamPath(place, { path, query: '?a=1' }), `/orders${path}?a=1`)
    })
  }

  const climbing = [
    '/..',
    '/.',
    '/a/../b',
    '/a/./b',
    '/../',
    '/%2e%2e/b',
    '/%2E%2e/b',
    '/.%2e/b',
    '/%2e/b',
    '/%252e%252e/b',
    '/%25252e%25252e/b',
    '/%25%32%65%25%32%65/b',
    '/a%2f..%2fb',
    '/a%2f%2e%2e%2fb',
    '/a%5c..%5cb',
    '/..%5cb',
    '/..;/b',
    '/..;x=1/b',
    '/%2e%2e%3b/b',
    '/.. /b',
    '/..%20/b',
    '/.../b',
    '/..%c0%af',
    '/%c0%ae%c0%ae/b',
    '/%e0%80%ae%e0%80%ae/b',
    '/%ef%bc%8e%ef%bc%8e/b',
    '/%e2%80%a5/b',
    '//host/b',
    '///host',
    '/%2fhost/b',
    '/%5chost/b',
    '/\\host/b',
    '/a\\b',
    '/a#b',
    '/a b',
    '/a\u0000b',
    '/a%00b',
    '/a%0d%0ab',
    '/a%250ab',
    '/a\u007fb',
    '/a%zzb',
    '/a%u002e',
    '/a%',
  ]
  for (const path of climbing) {
    it(`is refused when it is ${JSON.stringify(path)}`, () => {
      assert.equal(isSafePath(path), false)
    })
  }

  it('never climbs, in whatever of the usual ways a server reads it', () => {
    const piece = fc.constantFrom(
      ...['.', '..', '/', '//', '\\', ';', '@', ':', '%', '%2e', '%2E', '%2f', '%5c', '%25', '%00'],
      ...[
        '%3b',
        '%252e',
        '%252f',
        'a',
        'b',
        '2e',
        '2f',
        '5c',
        '%c0%ae',
        '%ef%bc%8e',
        ' ',
        '?',
        '#',
      ],
    )
    const paths = fc.array(piece, { maxLength: 14 }).map((pieces) => `/${pieces.join('')}`)
    const readings: ((path: string) => string)[] = [
      (path) => path,
      decodeLeniently,
      (path) => decodeLeniently(decodeLeniently(path)),
      (path) => decodeLeniently(path).replaceAll('\\', '/'),
      (path) => decodeLeniently(path).replace(/;[^/]*/g, ''),
      (path) => decodeLeniently(path.replace(/;[^/]*/g, '')),
    ]
    fc.assert(
      fc.property(paths, (path) => {
        fc.pre(isSafePath(path))
        for (const read of readings) {
          const url = new URL(place.origin + place.prefix + read(path).replace(/[?#]/g, '_'))
          assert.equal(url.origin, place.origin)
          assert.ok(`${url.pathname}/`.startsWith('/orders/'), `${path} is read as ${url.pathname}`)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('is decided for any string, without an exception and without a long thought', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        assert.equal(typeof isSafePath(`/${text}`), 'boolean')
      }),
    )
    assert.equal(isSafePath(`/${'a'.repeat(100_000)}`), true)
    assert.equal(isSafePath(`/${'a/'.repeat(50_000)}%`), false)
    assert.equal(isSafePath(`/${'%25'.repeat(20_000)}`), true)
  })
})

describe('P2: the query', () => {
  it('may hold anything that cannot end it', () => {
    for (const query of [
      '',
      '?',
      '?a=1&a=2&b',
      '?q=%2e%2e/../x',
      '?a+b=%zz',
      '?x=\\\\host',
      '?\u00ff',
    ]) {
      assert.equal(isSafeQuery(query), true, query)
    }
    for (const query of ['?a b', '?a#b', '?a\r\nb', '?\u0000', '?\u007f']) {
      assert.equal(isSafeQuery(query), false, query)
    }
  })
})

describe('the route', () => {
  it('asks a target without a path for its root', () => {
    const bare = { ...place, prefix: '' }
    assert.equal(upstreamPath(bare, { path: '', query: '?a' }), '/?a')
  })
})

function decodeLeniently(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}
