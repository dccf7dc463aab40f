import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseLogout } from './logout-page.ts'

const url = 'https://login.example.com/logout'

describe('oidc.logout', () => {
  const wrong: [value: unknown, problem: RegExp][] = [
    ['no', /is no sign-out page/],
    [null, /is no sign-out page/],
    [[url], /is no sign-out page/],
    [{ url, param: {} }, /has "param"/],
    [{ params: {} }, /has no url/],
    [{ url: '/logout' }, /a url that is not an http/],
    [{ url: 'http://login.example.com/logout' }, /a url that is plain http/],
    [{ url: `${url}?a=b` }, /a url that has a query/],
    [{ url, params: ['a'] }, /params that are no object/],
    [{ url, params: { a: 1 } }, /no text in params\.a/],
    [{ url, params: { a: '{clientid}' } }, /has \{clientid\} in params\.a/],
    [{ url, params: { a: 'x{state}{}' } }, /has \{\} in params\.a/],
  ]
  for (const [value, problem] of wrong) {
    test(`O70: ${JSON.stringify(value)} is refused at start`, () => {
      const parsed = parseLogout(value)
      assert.ok(!parsed.ok)
      assert.match(parsed.problem, problem)
      assert.notEqual(parsed.fix, '')
    })
  }
})
