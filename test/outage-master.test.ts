import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { call, startInstances } from './support/instances.ts'
import { startRedisCluster } from './support/redis-cluster.ts'

describe('S27: three processes under load, and a master of their Redis Cluster dies', () => {
  test('its sessions are 503 until another one is elected, and nobody is signed out', {
    timeout: 120_000,
  }, async (t) => {
    const cluster = await startRedisCluster()
    const instances = await startInstances({
      env: { BFF_STORE: 'redis', REDIS_URL: cluster.url, REDIS_CLUSTER: 'true' },
    })
    t.after(async () => {
      await instances.close()
      await cluster.close()
    })
    const pids = instances.all.map(({ pid }) => pid)
    const browsers = await Promise.all(Array.from({ length: 12 }, () => instances.signIn()))
    // Replicas are a moment behind.
    await sleep(1000)
    const victim = await cluster.masterOf('cloakroom:entry:any')
    let isOver = false
    const counts = new Map<number, number>()
    let lastAt = 0
    const load = browsers.map(async (browser, i) => {
      const instance = instances.all[i % instances.all.length] as (typeof instances.all)[number]
      while (!isOver) {
        const { status, headers, body } = await call(instance, browser)
        counts.set(status, (counts.get(status) ?? 0) + 1)
        assert.ok(status === 200 || status === 503, `${status} ${body}`)
        if (status === 503) {
          lastAt = performance.now()
          assert.ok(Number(headers.get('retry-after')) > 0)
          assert.deepEqual(headers.getSetCookie(), [])
        }
        await sleep(20)
      }
    })
    const killedAt = performance.now()
    await victim.kill()
    // Until nothing has been refused for a while.
    while (lastAt === 0 || performance.now() - lastAt < 3000) {
      if (performance.now() - killedAt > 60_000) break
      await sleep(50)
    }
    isOver = true
    await Promise.all(load)
    for (const [i, browser] of browsers.entries()) {
      const instance = instances.all[i % instances.all.length] as (typeof instances.all)[number]
      assert.equal((await call(instance, browser)).status, 200)
      assert.equal((await call(instance, browser, '/bff/user')).status, 200)
    }
    assert.deepEqual(
      instances.all.map(({ pid }) => pid),
      pids,
    )
    const [ok = 0, away = 0] = [counts.get(200), counts.get(503)]
    t.diagnostic(`${ok} calls answered, ${away} refused until ${Math.round(lastAt - killedAt)} ms`)
    assert.ok(ok > 100 && away > 0, `${ok} ${away}`)
  })
})
