import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { describeKeyValue } from '#lib/store/contract.ts'
import { StoreUnavailableError } from '#lib/store/key-value.ts'
import { createUpstashStore } from '#lib/store/upstash.ts'
import { type RedisServer, startRedisServer } from './support/redis-server.ts'
import { startUpstashBridge, type UpstashBridge } from './support/upstash-bridge.ts'

const minute = 60_000

describe('upstash store', () => {
  let server: RedisServer
  let bridge: UpstashBridge
  let runs = 0
  before(async () => {
    server = await startRedisServer()
    bridge = await startUpstashBridge(server.url)
  })
  after(async () => {
    await bridge.close()
    await server.close()
  })

  const open = (prefix = `run-${runs++}:`, options = {}) =>
    createUpstashStore({
      url: bridge.url,
      token: bridge.token,
      prefix,
      requestTimeoutMs: 10_000,
      ...options,
    })

  describeKeyValue('S10: key-value contract on upstash', async () => {
    const prefix = `run-${runs++}:`
    const store = open(prefix)
    const pass = (ms: number) => sleep(ms)
    return { store, peer: open(prefix), remembers: false, pass, close: () => store.close() }
  })

  it('sends what is asked in one turn in one request', async () => {
    const store = open()
    await store.create('a', 'one', minute)
    const before = bridge.requests.length
    const [entry, touched, members] = await Promise.all([
      store.get('a'),
      store.touch('a', minute),
      store.members('set'),
      ...Array.from({ length: 50 }, () => store.get('a')),
    ])
    assert.deepEqual([entry?.value, touched, members], ['one', true, []])
    assert.equal(bridge.requests.length - before, 1)
    assert.equal(bridge.requests.at(-1)?.path, '/pipeline')
  })

  it('one failing command of a request fails alone', async () => {
    await open('mixed:').create('set:x', 'an entry, where a set is looked for', minute)
    const store = open('mixed:entry:')
    const results = await Promise.allSettled([
      store.members('x'),
      store.get('y'),
      store.members('z'),
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled', 'fulfilled'],
    )
  })

  it('loads its scripts again when the database has forgotten them', async () => {
    const store = open()
    await store.create('a', 'one', minute)
    await fetch(bridge.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${bridge.token}` },
      body: JSON.stringify(['SCRIPT', 'FLUSH']),
    })
    assert.equal(await store.create('b', 'two', minute), true)
    assert.equal(await store.create('a', 'again', minute), false)
  })

  it('a dead connection costs a read nothing, and a write is sent once over a tried one', async () => {
    const store = open(undefined, { idleMs: 0 })
    const sent = () => bridge.requests.flatMap(({ commands }) => commands)
    await store.create('a', 'one', minute)
    await store.replace('a', 0, 'loads the script')
    bridge.hangUpOnce()
    assert.equal((await store.get('a'))?.value, 'one')
    bridge.hangUpOnce()
    const before = sent().length
    assert.equal(await store.replace('a', 1, 'two'), 2)
    const names = sent()
      .slice(before)
      .map(([name]) => name?.toLowerCase())
    assert.deepEqual(names, ['ping', 'ping', 'evalsha'])
  })

  it('a write whose answer was lost is not repeated', async () => {
    const store = open()
    await store.create('a', 'one', minute)
    bridge.hangUpOnce()
    await assert.rejects(store.replace('a', 1, 'two'), StoreUnavailableError)
    assert.equal((await store.get('a'))?.value, 'two')
  })

  it('sends no telemetry', async () => {
    await open().ping()
    const names = Object.keys(bridge.requests.at(-1)?.headers ?? {})
    assert.deepEqual(
      names.filter((name) => name.includes('telemetry')),
      [],
    )
  })

  describe('S8: an outage is StoreUnavailableError, never "not there", and passes', () => {
    const unavailable = async (store: ReturnType<typeof open>) => {
      await assert.rejects(async () => store.get('a'), StoreUnavailableError)
      await assert.rejects(store.getFresh('a'), StoreUnavailableError)
      await assert.rejects(store.create('a', 'one', minute), StoreUnavailableError)
      await assert.rejects(store.replace('a', 1, 'two'), StoreUnavailableError)
      await assert.rejects(store.delete('a'), StoreUnavailableError)
      await assert.rejects(store.acquireLease('a', 'owner', minute), StoreUnavailableError)
      await assert.rejects(store.ping(), StoreUnavailableError)
    }

    it('nothing answers', async () => {
      const store = open(undefined, { requestTimeoutMs: 50 })
      bridge.answerWith('silence')
      await unavailable(store)
      bridge.answerWith('truth')
      assert.equal(await open().create('a', 'one', minute), true)
    })

    it('the service answers with an error, or with a page', async () => {
      const store = open()
      for (const [status, body] of [
        [500, '{"error":"internal"}'],
        [429, '{"error":"ERR max requests limit exceeded"}'],
        [502, '<html>bad gateway</html>'],
        [200, '<html>maintenance</html>'],
        [200, '[]'],
        [200, '[{}]'],
        [200, '{}'],
      ] as const) {
        bridge.answerWith({ status, body })
        await unavailable(store)
      }
      bridge.answerWith('truth')
      assert.equal(await store.get('a'), undefined)
    })

    it('the token is wrong, and the address is nobody', async () => {
      await unavailable(createUpstashStore({ url: bridge.url, token: 'wrong' }))
      await unavailable(createUpstashStore({ url: 'http://127.0.0.1:1', token: 'x' }))
    })

    it('a closed store', async () => {
      const store = open()
      await store.close()
      await unavailable(store)
    })

    it('S2: the error does not hold what was to be stored', async () => {
      const store = open()
      bridge.answerWith({ status: 500, body: '{"error":"internal"}' })
      const refused = await store.create('a', 'SECRET', minute).catch((error) => error)
      bridge.answerWith({ status: 200, body: 'not json: SECRET' })
      const unread = await store.getFresh('a').catch((error) => error)
      bridge.answerWith('truth')
      for (const error of [refused, unread]) {
        assert.ok(error instanceof StoreUnavailableError)
        assert.doesNotMatch(inspect(error, { depth: 10 }), /SECRET/)
      }
    })
  })
})
