import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { errorDescription } from './error-description.ts'

const secret = `Tr0ub4dor&3<horse>"x'y z/+?`

describe('what a provider says of a request of ours', () => {
  for (const [how, repeated] of [
    ['as it was sent', secret],
    ['in capitals', secret.toUpperCase()],
    ['in HTML', 'Tr0ub4dor&amp;3&lt;horse&gt;&quot;x&#39;y z/+?'],
    ['in HTML by numbers', 'Tr0ub4dor&#38;3&#60;horse&#62;&#34;x&#39;y z/+?'],
    ['in an address', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ v: secret }).toString().slice(2)],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
    ['a piece of it in another case', 'TR0UB4DOR'],
  ] as const) {
    test(`A60: a secret that it repeats ${how} is not told`, () => {
      const said = errorDescription(`the secret ${repeated} is wrong`, [secret])
      assert.equal(said, 'the secret [redacted] is wrong')
    })
  }

  test('A60: words that only look alike stay', () => {
    assert.equal(errorDescription('a horse.*walks', ['(.*)+horses']), 'a horse.*walks')
  })
})
