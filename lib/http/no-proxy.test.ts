import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNoProxy } from './no-proxy.ts'

const rules: [text: string, passed: string[], proxied: string[]][] = [
  ['', [], ['a.test:443']],
  ['*', ['a.test:443', '10.0.0.1:8443'], []],
  [
    'a.test',
    ['a.test:443', 'A.TEST:443', 'a.test.:443', 'x.y.a.test:8443'],
    ['ba.test:443', 'test:443'],
  ],
  ['.a.test', ['a.test:443', 'x.a.test:443'], ['ba.test:443']],
  ['*.a.test', ['a.test:443', 'x.a.test:443'], ['ba.test:443']],
  ['A.Test', ['a.test:443'], []],
  ['a.test:8443', ['a.test:8443', 'x.a.test:8443'], ['a.test:443']],
  ['b.test, a.test\tc.test ,,', ['a.test:443', 'b.test:443', 'c.test:443'], ['d.test:443']],
  ['10.1.2.3', ['10.1.2.3:443'], ['10.1.2.4:443', 'x.10.1.2.3.test:443']],
  ['10.0.0.0/8', ['10.200.0.1:443'], ['11.0.0.1:443', '10.test:443']],
  ['10.0.0.0/99, 10.0.0.0/8/8, /8, a/b', [], ['10.0.0.1:443', 'a:443']],
  ['fd00::/8, ::2', ['fd12::1:443', '::2:443'], ['fe00::1:443']],
  ['[fd00::1]', ['fd00::1:443'], ['fd00::2:443']],
]

for (const [text, passed, proxied] of rules) {
  test(`A10: NO_PROXY: ${JSON.stringify(text)}`, () => {
    const noProxy = parseNoProxy(text)
    const asked = (authority: string) => {
      const colon = authority.lastIndexOf(':')
      return noProxy.includes(authority.slice(0, colon), authority.slice(colon + 1))
    }
    for (const authority of passed) assert.equal(asked(authority), true, authority)
    for (const authority of proxied) assert.equal(asked(authority), false, authority)
  })
}
