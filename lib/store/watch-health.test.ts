import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Entry, StoreUnavailableError } from './key-value.ts'
import { createMemoryStore } from './memory.ts'
import { watchHealth } from './watch-health.ts'

describe('watch-health', () => {
  function setUp() {
    let time = 0
    const memory = createMemoryStore()
    const events: unknown[] = []
    const broken = { now: false }
    const cause = new Error('cut')
    const check = async <T>(result: Promise<T>): Promise<T> => {
      if (broken.now) throw new StoreUnavailableError(cause)
      return result
    }
    const store = watchHealth(
      {
        ...memory,
        get: (key) => memory.get(key),
        ping: () => check(memory.ping()),
        touch: (key, ttlMs) => check(memory.touch(key, ttlMs)),
      },
      {
        onDown: (outage) => events.push(['down', outage]),
        onUp: (outage) => events.push(['up', outage]),
      },
      () => time,
    )
    const pass = (ms: number) => {
      time += ms
    }
    return { store, events, broken, cause, pass }
  }

  it('reports an outage once, and its end once', async () => {
    const { store, events, broken, cause, pass } = setUp()
    await store.ping()
    broken.now = true
    for (let i = 0; i < 5; i++) await assert.rejects(store.ping(), StoreUnavailableError)
    await assert.rejects(store.touch('a', 1), StoreUnavailableError)
    pass(3000)
    broken.now = false
    await store.ping()
    await store.ping()
    assert.deepEqual(events, [
      ['down', { store: 'memory', cause }],
      ['up', { store: 'memory', downMs: 3000 }],
    ])
  })

  it('what is answered from memory does not end an outage', async () => {
    const { store, events, broken } = setUp()
    await store.create('a', 'one', 60_000)
    broken.now = true
    await assert.rejects(store.ping(), StoreUnavailableError)
    assert.equal((store.get('a') as Entry).value, 'one')
    assert.equal(events.length, 1)
  })

  it('nor does an answer to what was asked before it', async () => {
    const { promise: slowAnswer, resolve: answer } = Promise.withResolvers<void>()
    const pings = [slowAnswer, Promise.reject(new StoreUnavailableError('cut'))]
    const events: string[] = []
    const store = watchHealth(
      { ...createMemoryStore(), ping: () => pings.shift() ?? Promise.resolve() },
      { onDown: () => events.push('down'), onUp: () => events.push('up') },
    )
    const early = store.ping()
    await assert.rejects(store.ping(), StoreUnavailableError)
    answer()
    await early
    assert.deepEqual(events, ['down'])
    await store.ping()
    assert.deepEqual(events, ['down', 'up'])
  })

  it('an error that is no outage is passed on and not reported', async () => {
    const { events } = setUp()
    const odd = watchHealth(
      { ...createMemoryStore(), ping: () => Promise.reject(new Error('a defect')) },
      { onDown: (outage) => events.push(outage) },
    )
    await assert.rejects(odd.ping(), /a defect/)
    assert.deepEqual(events, [])
  })
})
