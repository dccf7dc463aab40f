import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createRandomIds } from './random-ids.ts'

it('random ids are 32 hexadecimal digits, and never twice the same', () => {
  const randomId = createRandomIds()
  const drawn = Array.from({ length: 600 }, randomId)
  for (const one of drawn) assert.match(one, /^[0-9a-f]{32}$/)
  assert.equal(new Set(drawn).size, drawn.length)
})
