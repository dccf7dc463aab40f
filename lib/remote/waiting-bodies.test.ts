import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createWaitingBodies } from './waiting-bodies.ts'

describe('P17: small bodies that wait', () => {
  it('are bounded in bytes: who began first gives way, a newcomer never', () => {
    const waiting = createWaitingBodies(100)
    const gone: string[] = []
    const add = (name: string, bytes: number) => waiting.add(bytes, () => gone.push(name))
    add('drip', 40)
    const done = add('quick', 40)
    done()
    add('a', 60)
    assert.deepEqual(gone, [])
    add('b', 30)
    assert.deepEqual(gone, ['drip'])
    add('large', 90)
    assert.deepEqual(gone, ['drip', 'a', 'b'])
    add('larger than all', 1000)
    assert.deepEqual(gone, ['drip', 'a', 'b', 'large'])
  })

  it('leave once, whoever says so', () => {
    const waiting = createWaitingBodies(10)
    const gone: string[] = []
    const leave = waiting.add(10, () => gone.push('first'))
    leave()
    leave()
    waiting.add(10, () => gone.push('second'))
    assert.deepEqual(gone, [])
  })
})
