import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeKeyValue } from './contract.ts'
import { createExpiringMap, createMemoryStore } from './memory.ts'

describeKeyValue('S10: key-value contract on memory', async () => {
  let time = 1_700_000_000_000
  const store = createMemoryStore({ now: () => time })
  return {
    store,
    pass: async (ms) => {
      time += ms
    },
    close: () => store.close(),
  }
})

describe('memory store', () => {
  it('expires at the very millisecond', async () => {
    let time = 1000
    const store = createMemoryStore({ now: () => time })
    await store.create('a', 'one', 500)
    time = 1499
    assert.deepEqual(store.get('a'), { value: 'one', version: 1, expiresAt: 1500 })
    time = 1500
    assert.equal(store.get('a'), undefined)
  })

  it('answers at once, without a promise', async () => {
    const store = createMemoryStore()
    await store.create('a', 'one', 1000)
    assert.equal(store.get('a') instanceof Promise, false)
  })

  it('what expired unread does not pile up', () => {
    let time = 0
    const map = createExpiringMap<{ expiresAt: number }>(() => time)
    for (let i = 0; i < 10_000; i++) {
      time += 1
      map.set(`key-${i}`, { expiresAt: time + 100 })
    }
    assert.ok(map.size() < 1000, `${map.size()} kept for 100 alive`)
  })
})
