import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isTraceparent } from './trace-context.ts'

const sound = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

describe('traceparent (W3C Trace Context)', () => {
  it('passes when it is well-formed', () => {
    assert.ok(isTraceparent(sound))
    assert.ok(isTraceparent(`cc${sound.slice(2)}-more`))
  })

  it('P21: of version 00 is no longer than 55 characters', () => {
    for (const more of ['-', '-more', 'x', '0', ' ']) {
      assert.ok(!isTraceparent(`${sound}${more}`), more)
    }
  })

  it('is none when it is broken', () => {
    const zeros = [sound.replaceAll('a', '0'), sound.replaceAll('b', '0')]
    for (const broken of [
      undefined,
      '',
      'x',
      sound.toUpperCase(),
      `ff${sound.slice(2)}`,
      ...zeros,
    ]) {
      assert.ok(!isTraceparent(broken), broken)
    }
  })
})
