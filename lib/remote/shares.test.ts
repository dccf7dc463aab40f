import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createShares } from './shares.ts'

describe('P17: shares', () => {
  it('are as many as allowed for each holder, and leave nothing behind', () => {
    const holders = fc.array(fc.constantFrom('a', 'b', 'c', undefined), { maxLength: 200 })
    fc.assert(
      fc.property(holders, fc.integer({ min: 1, max: 5 }), (asking, most) => {
        const shares = createShares(most)
        const taken = asking.filter((holder) => shares.take(holder))
        for (const holder of ['a', 'b', 'c']) {
          const asked = asking.filter((it) => it === holder).length
          assert.equal(taken.filter((it) => it === holder).length, Math.min(asked, most))
        }
        assert.equal(
          taken.filter((it) => it === undefined).length,
          asking.filter((it) => !it).length,
        )
        for (const holder of taken) shares.give(holder)
        assert.equal(shares.size, 0)
      }),
    )
  })
})
