import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeKeyValue } from '#lib/store/contract.ts'
import { StoreUnavailableError } from '#lib/store/key-value.ts'
import { createRedisSentinel } from '#lib/store/redis-sentinel.ts'
import { type RedisSentinels, startRedisSentinels } from './support/redis-sentinel.ts'

const sentinelPassword = 'of-the-sentinels'
let sentinels: RedisSentinels
before(async () => {
  sentinels = await startRedisSentinels({ password: sentinelPassword })
})
after(() => sentinels.close())

const open = (prefix = 'cloakroom:', commandTimeoutMs = 1500) => {
  const urls = sentinels.url
    .slice('redis://'.length)
    .split(',')
    .map((it) => `redis://${it}`)
  const { master } = sentinels
  return createRedisSentinel({ urls, master, sentinelPassword, prefix, commandTimeoutMs })
}

describeKeyValue('S10: key-value contract on Redis with Sentinel', async () => {
  const prefix = `${randomUUID()}:`
  const [store, peer] = [open(prefix, 10_000), open(prefix, 10_000)]
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

describe('S28: Redis with Sentinel', () => {
  test('a master that is killed is 503 until another one is elected, and nothing has to be restarted', async (t) => {
    const store = open()
    t.after(() => store.close())
    const key = randomUUID()
    await store.create(key, 'session', 600_000)
    await sleep(500)
    const victim = await sentinels.current()
    await victim.kill()
    const killedAt = performance.now()
    let away = 0
    for (;;) {
      const found = await store.getFresh(key).catch((cause: unknown) => {
        assert.ok(cause instanceof StoreUnavailableError)
        away += 1
        return 'away' as const
      })
      if (found !== 'away') {
        assert.equal(found?.value, 'session')
        break
      }
      assert.ok(performance.now() - killedAt < 45_000, 'whole again')
      await sleep(20)
    }
    t.diagnostic(
      `${away} reads refused; whole again after ${Math.round(performance.now() - killedAt)} ms`,
    )
    assert.ok(away > 0)
    assert.notEqual(await sentinels.current(), victim)
    await victim.restart()
  })

  test('a master that wakes after another was elected is never believed', async (t) => {
    const one = open()
    t.after(() => one.close())
    const key = randomUUID()
    await one.create(key, 'session', 600_000)
    assert.equal((await one.get(key))?.value, 'session')
    await sleep(500)
    const victim = await sentinels.current()
    victim.freeze()
    t.after(() => victim.thaw())
    while ((await sentinels.current().catch(() => victim)) === victim) await sleep(100)
    const end = performance.now() + 40_000
    while ((await one.delete(key).catch(() => undefined)) === undefined) {
      assert.ok(performance.now() < end)
      await sleep(50)
    }
    victim.thaw()
    const two = open()
    t.after(() => two.close())
    const until = performance.now() + 5000
    while (performance.now() < until) {
      for (const store of [one, two]) {
        assert.equal(await Promise.resolve(store.get(key)).catch(() => undefined), undefined)
        assert.equal(await store.getFresh(key).catch(() => undefined), undefined)
      }
      await sleep(5)
    }
  })

  test('sentinels that do not agree, or do not know the name, are an outage', async () => {
    const lonely = createRedisSentinel({
      urls: ['redis://127.0.0.1:1', sentinels.url.split(',')[0] as string],
      ...{ master: sentinels.master, sentinelPassword, commandTimeoutMs: 500 },
    })
    await assert.rejects(lonely.getFresh('x'), StoreUnavailableError)
    await lonely.close()
    const unknown = createRedisSentinel({
      urls: [sentinels.url.split(',')[0] as string],
      ...{ master: 'nobody', sentinelPassword, commandTimeoutMs: 500 },
    })
    await assert.rejects(unknown.getFresh('x'), StoreUnavailableError)
    await unknown.close()
  })
})
