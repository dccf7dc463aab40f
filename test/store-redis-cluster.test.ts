import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeKeyValue } from '#lib/store/contract.ts'
import { type KeyValue, StoreUnavailableError } from '#lib/store/key-value.ts'
import { openStore } from '#lib/store/open-store.ts'
import { createRedisCluster } from '#lib/store/redis-cluster.ts'
import { slotOf } from '#lib/store/redis-slots.ts'
import { type RedisCluster, startRedisCluster } from './support/redis-cluster.ts'

let cluster: RedisCluster
before(async () => {
  cluster = await startRedisCluster()
})
after(() => cluster.close())

const addresses = () =>
  cluster.url
    .slice('redis://'.length)
    .split(',')
    .map((it) => `redis://${it}`) as [string, string]
const open = () => openStore({ kind: 'redis', urls: addresses(), cluster: true })
const entryKey = (key: string) => `cloakroom:entry:${key}`

async function withStore<T>(use: (store: KeyValue) => Promise<T>): Promise<T> {
  const store = await open()
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

test('S27: slots are those of the cluster specification', () => {
  assert.equal(slotOf('123456789'), 0x31c3 % 16_384)
  assert.equal(slotOf('{user1000}.following'), slotOf('{user1000}.followers'))
  assert.equal(slotOf('foo{}{bar}'), slotOf('foo{}{bar}'))
  assert.notEqual(slotOf('foo{}{bar}'), slotOf('{bar}'))
  assert.equal(slotOf('foo{{bar}}zap'), slotOf('{bar'))
})

describeKeyValue('S10: key-value contract on a Redis Cluster', async () => {
  const options = { urls: addresses(), prefix: `${randomUUID()}:`, commandTimeoutMs: 10_000 }
  const [store, peer] = [createRedisCluster(options), createRedisCluster(options)]
  return {
    store,
    peer,
    pass: sleep,
    async close() {
      await store.close()
      await peer.close()
    },
  }
})

describe('S27: a Redis Cluster', () => {
  test('a change on one instance is seen on the other at its next read, and repeated reads ask nobody', async () => {
    await withStore(async (one) =>
      withStore(async (two) => {
        for (let i = 0; i < 50; i += 1) {
          const key = randomUUID()
          await one.create(key, 'v', 60_000)
          assert.equal((await two.get(key))?.value, 'v')
          await sleep(20)
          assert.equal((await two.get(key))?.value, 'v')
          const remembered = two.get(key)
          assert.ok(!(remembered instanceof Promise), 'from memory')
          await one.delete(key)
          assert.equal(await two.get(key), undefined)
        }
      }),
    )
  })

  test('while a slot moves, every operation is done once, and nothing is lost', async () => {
    await withStore(async (store) => {
      const slotKey = 'moving'
      // All keys of this name lie in one slot.
      const key = (n: number) => `{${slotKey}}:${n}`
      for (let n = 0; n < 20; n += 1) await store.create(key(n), `${n}`, 60_000)
      let made = 20
      await cluster.move(entryKey(`{${slotKey}}`), async () => {
        for (let n = 0; n < made; n += 1) {
          assert.equal((await store.getFresh(key(n)))?.value, `${n}`)
          assert.equal((await store.get(key(n)))?.value, `${n}`)
        }
        assert.equal(await store.create(key(made), `${made}`, 60_000), true)
        assert.equal(await store.create(key(made), 'again', 60_000), false)
        assert.equal(await store.delete(key(0)), true)
        assert.equal(await store.create(key(0), '0', 60_000), true)
        made += 1
      })
      for (let n = 0; n < made; n += 1) {
        assert.equal((await store.getFresh(key(n)))?.value, `${n}`)
      }
    })
  })

  test('the master of some slots is killed: those are away, the others are not, and all is well after the election', async (t) => {
    const told: string[] = []
    const store = await openStore(
      { kind: 'redis', urls: addresses(), cluster: true },
      { onDown: () => void told.push('down'), onUp: () => void told.push('up') },
    )
    t.after(() => store.close())
    const keys = Array.from({ length: 60 }, () => randomUUID())
    for (const key of keys) await store.create(key, key, 600_000)
    const [victimKey = ''] = keys
    const victim = await cluster.masterOf(entryKey(victimKey))
    const owners = await Promise.all(keys.map((key) => cluster.masterOf(entryKey(key))))
    // Replicas are a moment behind.
    await sleep(500)
    await victim.kill()
    const killedAt = performance.now()
    let away = 0
    let wholeAt = 0
    while (wholeAt === 0) {
      const reads = await Promise.allSettled(keys.map((key) => store.getFresh(key)))
      for (const [i, read] of reads.entries()) {
        if (owners[i] === victim && read.status === 'rejected') {
          assert.ok(read.reason instanceof StoreUnavailableError)
          away += 1
          continue
        }
        assert.ok(read.status === 'fulfilled', 'a slot of another master')
        assert.equal(read.value?.value, keys[i])
      }
      if (reads.every(({ status }) => status === 'fulfilled')) wholeAt = performance.now()
      assert.ok(performance.now() - killedAt < 45_000, 'whole again')
      await sleep(20)
    }
    t.diagnostic(
      `${away} reads of its slots refused; whole again after ${Math.round(wholeAt - killedAt)} ms`,
    )
    assert.ok(away > 0)
    assert.deepEqual(told, ['down', 'up'])
    await victim.restart()
    await cluster.whole()
  })

  test('a master that wakes after another was elected is never believed', async (t) => {
    const one = await open()
    t.after(() => one.close())
    const key = randomUUID()
    await one.create(key, 'session', 600_000)
    await sleep(500)
    const victim = await cluster.masterOf(entryKey(key))
    victim.freeze()
    t.after(() => victim.thaw())
    for (;;) {
      const now = await cluster.masterOf(entryKey(key)).catch(() => victim)
      if (now !== victim) break
      await sleep(100)
    }
    // The session is ended at the new master, which the old one does not know.
    for (;;) {
      const done = await one.delete(key).catch(() => undefined)
      if (done !== undefined) break
      await sleep(50)
    }
    const two = await open()
    t.after(() => two.close())
    victim.thaw()
    const end = performance.now() + 5000
    while (performance.now() < end) {
      for (const store of [one, two]) {
        assert.equal(await Promise.resolve(store.get(key)).catch(() => undefined), undefined)
        assert.equal(await store.getFresh(key).catch(() => undefined), undefined)
        const written = await store.create(`${key}-x`, 'x', 1000).catch(() => undefined)
        if (written) assert.equal((await store.getFresh(`${key}-x`))?.value, 'x')
        await store.delete(`${key}-x`).catch(() => {})
      }
      await sleep(5)
    }
    await cluster.whole()
  })
})
