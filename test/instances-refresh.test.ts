import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { HttpBrowser } from './support/http-browser.ts'
import { call, type Instances, startInstances } from './support/instances.ts'
import { type RedisServer, startRedisServer } from './support/redis-server.ts'
import { type SharedStore, sharedStores } from './support/shared-stores.ts'
import { startUpstashBridge, type UpstashBridge } from './support/upstash-bridge.ts'

/** 100 calls on each process at once, all of which know the session and its expired token. */
async function rush(instances: Instances, browser: HttpBrowser): Promise<void> {
  const everywhere = (path?: string) =>
    Promise.all(
      instances.all.flatMap((instance) =>
        Array.from({ length: 100 }, () => call(instance, browser, path)),
      ),
    )
  // Opens the connections, so that the calls that count arrive together.
  await everywhere('/bff/health/live')
  for (const instance of instances.all) {
    assert.equal((await call(instance, browser, '/bff/user')).status, 200)
  }
  instances.bearers.length = 0
  const before = instances.provider.counters.token
  const answers = await everywhere()
  assert.deepEqual(countOf(answers.map(({ status }) => status)), { 200: 300 })
  assert.equal(instances.provider.counters.token - before, 1, 'token requests')
  assert.equal(new Set(instances.bearers).size, 1, 'different access tokens at the API')
  assert.deepEqual(instances.events('sign_out.done'), [])
  assert.deepEqual(instances.events('lease.lost'), [])
}

function countOf(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

for (const [name, start] of sharedStores) {
  describe(`three processes on ${name}, one session, a provider that ends a family whose token is reused`, () => {
    let store: SharedStore
    let instances: Instances
    before(async () => {
      store = await start()
      instances = await startInstances({ env: store.env })
    })
    after(async () => {
      await instances.close()
      await store.close()
    })

    test('T1: 100 calls on each with an expired token make one token request', async () => {
      await rush(instances, await instances.signInExpired())
    })

    test('T2: the same with a token endpoint that takes 8 s, and every call is answered', async () => {
      const browser = await instances.signInExpired()
      instances.provider.once('token', async (_, usual) => ({ ...(await usual()), delayMs: 8000 }))
      await rush(instances, browser)
    })
  })
}

describe('three processes on the Upstash protocol', () => {
  let redis: RedisServer
  let bridge: UpstashBridge
  let instances: Instances
  before(async () => {
    redis = await startRedisServer()
    bridge = await startUpstashBridge(redis.url)
    instances = await startInstances({
      env: {
        BFF_STORE: 'upstash',
        UPSTASH_REDIS_REST_URL: bridge.url,
        UPSTASH_REDIS_REST_TOKEN: bridge.token,
      },
    })
  })
  after(async () => {
    await instances.close()
    await bridge.close()
    await redis.close()
  })

  test('T1: 100 calls on each with an expired token make one token request (Upstash)', async () => {
    await rush(instances, await instances.signInExpired())
  })
})
