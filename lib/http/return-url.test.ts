import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseReturnUrl, returnUrlQuery } from './return-url.ts'

const rule = {
  publicOrigin: 'https://app.example',
  origins: ['https://spa.example'],
  ownPaths: ['/api/remote', '/bff', '/signed-in'],
}

const accepted: [string, string][] = [
  ['/', '/'],
  ['', '/'],
  ['/a/b?c=d&c=e#f', '/a/b?c=d&c=e#f'],
  ['/a?next=https://evil.example/', '/a?next=https://evil.example/'],
  ['https://app.example/a?b', '/a?b'],
  ['https://app.example', '/'],
  ['https://spa.example/x', 'https://spa.example/x'],
  ['/ä', '/%C3%A4'],
  [`/a?${'b'.repeat(1021)}`, `/a?${'b'.repeat(1021)}`],
  [`/a?${'b'.repeat(1022)}`, '/a'],
  [`/a#${'ä'.repeat(200)}`, '/a'],
  [`/${'a'.repeat(20_000)}?b`, '/'],
  [`https://spa.example/x?${'b'.repeat(1024)}`, 'https://spa.example/x'],
  [`https://spa.example/${'x'.repeat(1024)}`, 'https://spa.example/'],
]
for (const [value, expected] of accepted) {
  test(`L8: accepts ${JSON.stringify(value.slice(0, 60))} of ${value.length}`, () =>
    assert.equal(parseReturnUrl(value, rule), expected))
}

const refused = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  'https://evil.example',
  'https:evil.example',
  'https:/evil.example',
  'https:///evil.example',
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'data:text/html,x',
  'https://app.example@evil.example/',
  'https://user@app.example/',
  'https://app.example.evil.example/',
  'https://app.example:8443/',
  'http://app.example/',
  'a/b',
  '?a',
  '#a',
  './/evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/%2fevil.example',
  '/%2F/evil.example',
  '/%5cevil.example',
  '/%09/evil.example',
  '/a\r\nSet-Cookie: x=y',
  'https://app.example\\@evil.example',
  ' ',
  ' /a',
  'https://app.example /x',
  'https:// app.example/',
  '/\u0085/evil',
  'blob:https://app.example/x',
  '//app.example/',
]
for (const value of refused) {
  test(`L8: refuses ${JSON.stringify(value.slice(0, 60))}`, () =>
    assert.equal(parseReturnUrl(value, rule), undefined))
}

const spelled: [string, string][] = [
  ['/a b', '/a%20b'],
  ['/x?q=a b', '/x?q=a%20b'],
  ['/x?q=a+b', '/x?q=a+b'],
  ['/x#a b', '/x#a%20b'],
  ['/ /a', '/%20/a'],
  ['/x?q=a\\b', '/x?q=a\\b'],
  ['/x#\\', '/x#\\'],
  ['/x?to=//evil.example', '/x?to=//evil.example'],
]
for (const [value, expected] of spelled) {
  test(`L22: the spelling of ${JSON.stringify(value)} is no danger`, () =>
    assert.equal(parseReturnUrl(value, rule), expected))
}

test('L22: the address of any page of ours leads to our own sign-in and is taken there', () => {
  const page = fc.webPath().map((path) => `/${path.replace(/^\/+/, '')}`)
  const odd = fc.constantFrom('/%2fa', '/%5ca', '/a\\b', '/%09', '/a%', '/a%zz', '//a', '/漢')
  const search = fc.stringMatching(/^[!-~]{0,2000}$/).map((query) => `?${query}`)
  const gate = fc.tuple(fc.oneof(page, odd), search)
  fc.assert(
    fc.property(gate, ([path, query]) => {
      const sent = returnUrlQuery(path + query, rule.publicOrigin)
      assert.ok(sent.length < 2000, `${sent.length}`)
      const value = new URLSearchParams(sent).get('returnUrl')
      assert.ok(parseReturnUrl(value, { ...rule, ownPaths: [] }) !== undefined, sent)
    }),
  )
})

test('L27: a return URL is judged in its final form: short, in ASCII, and the same when read again', () => {
  const text = fc.string({ unit: 'binary', maxLength: 400, size: 'max' })
  const url = fc.tuple(fc.constantFrom('/', '/a?', '/a#', 'https://spa.example/'), text)
  fc.assert(
    fc.property(url, ([start, rest]) => {
      const once = parseReturnUrl(start + rest, rule)
      if (once === undefined) return
      assert.ok(once.length <= 1024 && /^[!-~]+$/.test(once), once)
      assert.equal(parseReturnUrl(once, rule), once)
    }),
    { numRuns: 300, endOnFailure: true },
  )
})

test('L8: whatever is accepted stays on an allowed origin and is accepted again unchanged', () => {
  const piece = fc.constantFrom(
    '/',
    '//',
    '\\',
    '.',
    '..',
    '@',
    ':',
    '?',
    '#',
    '%2f',
    '%5c',
    '%2e',
    'evil.example',
    'https:',
    'app.example',
    '\t',
    '\n',
    ' ',
    'a',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 8 }), (pieces) => {
      const parsed = parseReturnUrl(pieces.join(''), rule)
      if (parsed === undefined) return
      const resolved = new URL(parsed, 'https://app.example/somewhere/else')
      assert.ok(['https://app.example', 'https://spa.example'].includes(resolved.origin))
      assert.equal(parseReturnUrl(parsed, rule), parsed)
    }),
    { numRuns: 2000 },
  )
})

test('P29: a person returns to a page, not to what is ours', () => {
  for (const path of [
    ...['/api/remote/api/delete-all?id=1', '/api/remote', '/API/remote/x', '/api%2fremote/x'],
    ...['/%61pi/remote/x', '/x/../api/remote/x', '/x/%2e%2e/api/remote/x', '/%2561pi/remote/x'],
    ...['/bff', '/bff/logout?sid=1', '/signed-in?code=1', '/_next/data/x/api/remote/x.json'],
    ...['/_next/static/x.js', '/api//remote/x', '/x/..%2fapi/remote/x'],
  ]) {
    assert.equal(parseReturnUrl(path, rule), undefined, path)
    assert.equal(parseReturnUrl(`https://app.example${path}`, rule), undefined, path)
  }
  for (const path of ['/api/reports', '/api/remotely', '/bffs', '/a?next=/bff/x', '/signed-in-x']) {
    assert.equal(parseReturnUrl(path, rule), path)
  }
})
