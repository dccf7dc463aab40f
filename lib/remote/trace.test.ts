import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTracing } from './trace.ts'

const { traceparent } = createTracing()
const sound = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

describe('traceparent (W3C Trace Context)', () => {
  it('passes when it is well-formed', () => {
    assert.equal(traceparent(sound), sound)
    assert.equal(traceparent(`cc${sound.slice(2)}-more`), `cc${sound.slice(2)}-more`)
  })

  it('P21: of version 00 is no longer than 55 characters', () => {
    for (const more of ['-', '-more', 'x', '0', ' ']) {
      assert.notEqual(traceparent(`${sound}${more}`), `${sound}${more}`, more)
    }
  })

  it('is made anew when there is none, or a broken one, and never twice the same', () => {
    const broken = [
      undefined,
      '',
      'x',
      sound.toUpperCase(),
      `ff${sound.slice(2)}`,
      sound.replaceAll('a', '0'),
    ]
    const made = [...broken, ...Array<undefined>(600)].map((incoming) => traceparent(incoming))
    for (const one of made) assert.match(one, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    assert.equal(new Set(made).size, made.length)
  })
})
