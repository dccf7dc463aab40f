import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHttpBrowser, type HttpBrowser, type Visit } from './support/http-browser.ts'
import { call, type Instances, startInstances } from './support/instances.ts'
import { type SharedStore, sharedStores } from './support/shared-stores.ts'

/** Nobody waits longer for an answer, whatever the store does. */
const longestWaitMs = 15_000

interface Answer extends Visit {
  waitedMs: number
  pid: number
}

/** Calls of every browser on every instance, again and again, until `during` is over. */
async function underLoad(
  instances: Instances,
  browsers: readonly HttpBrowser[],
  during: () => Promise<void>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  let isOver = false
  const loops = instances.all.flatMap((instance) =>
    browsers.map(async (browser) => {
      while (!isOver) {
        const startedAt = performance.now()
        const visit = await call(instance, browser)
        answers.push({ ...visit, waitedMs: performance.now() - startedAt, pid: instance.pid })
        await sleep(20)
      }
    }),
  )
  await during().finally(() => {
    isOver = true
  })
  await Promise.all(loops)
  return answers
}

/** Waits until every instance says that it is ready, or that it is not. */
async function everybodyIs(instances: Instances, status: 200 | 503): Promise<void> {
  const nobody = createHttpBrowser()
  for (const instance of instances.all) {
    for (;;) {
      const answer = await call(instance, nobody, '/bff/health/ready')
      if (answer.status === status) break
      await sleep(20)
    }
  }
}

function assertStoreUnavailable({ status, headers, body }: Visit): void {
  assert.equal(status, 503, body)
  // A call that waits for a refresh which cannot be saved gives up before the store is back.
  assert.match(JSON.parse(body).code, /^(store|token)_unavailable$/)
  assert.ok(Number(headers.get('retry-after')) > 0)
  assert.deepEqual(headers.getSetCookie(), [])
}

async function outage(
  instances: Instances,
  stop: () => unknown,
  start: () => unknown,
  lastsMs: number,
): Promise<void> {
  const { provider } = instances
  const pids = instances.all.map(({ pid }) => pid)
  const steady = [await instances.signIn(), await instances.signIn()]
  const due = await instances.signInExpired()
  const underWay = await instances.signInExpired()
  const before = provider.counters.token

  const atProvider = Promise.withResolvers<void>()
  const storeIsAway = Promise.withResolvers<void>()
  provider.once('token', async (_, usual) => {
    atProvider.resolve()
    await storeIsAway.promise
    return usual()
  })
  const begun = call(instances.at(0), underWay)
  await atProvider.promise

  const answers = await underLoad(instances, [...steady, underWay], async () => {
    await sleep(300)
    await stop()
    await everybodyIs(instances, 503)
    // The old refresh token is used up now, and the new one cannot be saved.
    storeIsAway.resolve()
    for (const instance of instances.all) {
      assertStoreUnavailable(await call(instance, due))
      assertStoreUnavailable(await call(instance, due, '/bff/user'))
    }
    await sleep(lastsMs)
    await start()
    await everybodyIs(instances, 200)
    await sleep(300)
  })

  for (const answer of answers) {
    assert.ok(answer.waitedMs < longestWaitMs, `${answer.waitedMs} ms`)
    if (answer.status !== 200) assertStoreUnavailable(answer)
  }
  for (const pid of pids) {
    assert.ok(answers.some((answer) => answer.pid === pid && answer.status === 503))
  }
  assert.ok([200, 503].includes((await begun).status))
  for (const browser of [...steady, underWay, due]) {
    for (const instance of instances.all) {
      assert.equal((await call(instance, browser)).status, 200)
      assert.equal((await call(instance, browser, '/bff/user')).status, 200)
    }
  }
  assert.equal(provider.counters.token - before, 2, 'one refresh of each expired token')
  assert.deepEqual(instances.events('sign_out.done'), [])
  assert.equal(instances.events('server.started').length, pids.length)
}

for (const [name, startStore] of sharedStores) {
  describe(`three processes under load while ${name} is away`, () => {
    let store: SharedStore
    let instances: Instances
    before(async () => {
      store = await startStore()
      instances = await startInstances({ env: store.env })
    })
    after(async () => {
      await instances.close()
      await store.close()
    })

    test(`S8: a store that hangs for ten seconds signs nobody out (${name})`, () =>
      outage(instances, store.freeze, store.thaw, 10_000))

    test(`S8: a store that is killed and started again signs nobody out (${name})`, () =>
      outage(instances, store.kill, store.restart, 2000))
  })
}
