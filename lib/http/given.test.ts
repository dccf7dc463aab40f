import assert from 'node:assert/strict'
import { test } from 'node:test'
import { given } from './given.ts'

test('only what is undefined is left out', () => {
  const absent: string | undefined = undefined
  assert.deepEqual(given({ absent, none: null, empty: '', zero: 0, no: false }), {
    none: null,
    empty: '',
    zero: 0,
    no: false,
  })
})
