import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passesCsrf } from './csrf.ts'

const rule = { publicOrigin: 'https://app.example', origins: ['https://spa.example'] }

const table: [string, string | undefined, string | undefined, string | undefined, boolean][] = [
  ['a same-origin fetch', undefined, 'same-origin', undefined, true],
  ['a same-origin POST', 'https://app.example', 'same-origin', undefined, true],
  ['an old browser with the header', undefined, undefined, '1', true],
  ['an old browser without the header', undefined, undefined, undefined, false],
  ['an old browser with another value', undefined, undefined, 'true', false],
  ['an opaque origin', 'null', undefined, '1', false],
  ['another origin', 'https://evil.example', undefined, '1', false],
  ['another origin that claims same-origin', 'https://evil.example', 'same-origin', '1', false],
  ['our origin in another case', 'https://APP.example', undefined, '1', false],
  ['our origin with another port', 'https://app.example:8443', undefined, '1', false],
  ['a sibling site', undefined, 'same-site', '1', false],
  ['another site', undefined, 'cross-site', '1', false],
  ['a typed address', undefined, 'none', '1', false],
  ['a listed origin with the header', 'https://spa.example', 'cross-site', '1', true],
  ['a listed origin without the header', 'https://spa.example', 'cross-site', undefined, false],
  ['a listed origin on the same site', 'https://spa.example', 'same-site', '1', true],
  ['a listed origin that claims same-origin', 'https://spa.example', 'same-origin', '1', false],
  ['our own origin seen as cross-site', 'https://app.example', 'cross-site', '1', false],
]

for (const [title, origin, fetchSite, xCsrf, expected] of table) {
  test(`the CSRF rule ${expected ? 'passes' : 'refuses'} ${title}`, () => {
    assert.equal(passesCsrf({ origin, fetchSite, xCsrf }, rule), expected)
  })
}
