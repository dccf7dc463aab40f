import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import type { HttpBrowser, Visit } from './support/http-browser.ts'
import { call, type Instances, startInstances } from './support/instances.ts'
import { type RedisServer, startRedisServer } from './support/redis-server.ts'
import type { ScriptedAnswer } from './support/scripted-provider.ts'

/** Whoever waits for the refresh of a process that died gets an answer within this time. */
const longestWaitMs = 15_000

let redis: RedisServer
let instances: Instances
before(async () => {
  redis = await startRedisServer()
  instances = await startInstances({ env: { BFF_STORE: 'redis', REDIS_URL: redis.url } })
})
after(async () => {
  await instances.close()
  await redis.close()
})
afterEach(() => instances.provider.override('token'))

interface Aftermath {
  browser: HttpBrowser
  /** Of calls on the other processes while the victim held the refresh. */
  statuses: number[]
  tokenRequests: number
  signOuts: number
}

/**
 * Lets the victim refresh, kills it when its token request has come as far as `until` says, and meanwhile
 * calls the two others. The victim runs again at the end.
 */
async function killDuringRefresh(
  victim: number,
  until: (usual: () => Promise<ScriptedAnswer>, pid: number) => Promise<ScriptedAnswer>,
): Promise<Aftermath> {
  const browser = await instances.signInExpired()
  const before = instances.provider.counters.token
  const signOuts = instances.events('sign_out.done').length
  const { pid } = instances.at(victim)
  const survivors = instances.all.filter((instance) => instance.pid !== pid)
  const arrived = Promise.withResolvers<void>()
  const dead = Promise.withResolvers<void>()
  instances.provider.once('token', async (_, usual) => {
    const answer = await until(usual, pid)
    arrived.resolve()
    // What is not wanted to arrive at a living process waits until it is none.
    if (answer.fault) await dead.promise
    return answer
  })
  const lost = assert.rejects(call(instances.at(victim), browser))
  await arrived.promise
  const calls = survivors.flatMap((survivor) =>
    Array.from({ length: 20 }, () => timed(call(survivor, browser))),
  )
  // By then the answer, if there is one, has been written.
  await new Promise(setImmediate)
  await instances.at(victim).stop('SIGKILL')
  dead.resolve()
  await lost
  const answers = await Promise.all(calls)
  for (const { waitedMs } of answers) assert.ok(waitedMs < longestWaitMs, `${waitedMs} ms`)
  await instances.restart(victim)
  return {
    browser,
    statuses: [...new Set(answers.map(({ visit }) => visit.status))],
    tokenRequests: instances.provider.counters.token - before,
    signOuts: instances.events('sign_out.done').length - signOuts,
  }
}

async function timed(answer: Promise<Visit>): Promise<{ visit: Visit; waitedMs: number }> {
  const startedAt = performance.now()
  const visit = await answer
  return { visit, waitedMs: performance.now() - startedAt }
}

/** The refresh token was consumed and nobody has its successor: one sign-in, and that is all. */
async function assertOneSignIn({ browser, ...aftermath }: Aftermath): Promise<void> {
  assert.deepEqual(aftermath, { statuses: [401], tokenRequests: 2, signOuts: 1 })
  const before = instances.provider.counters.token
  for (const instance of instances.all) {
    assert.equal((await call(instance, browser)).status, 401)
    assert.equal((await call(instance, browser, '/bff/user')).status, 401)
  }
  assert.equal(instances.provider.counters.token, before, 'nobody asks again for an ended session')
  const again = await instances.signIn()
  for (const instance of instances.all) assert.equal((await call(instance, again)).status, 200)
}

describe('the process that refreshes is killed', () => {
  test('T3: before the provider has worked on it, nobody has to sign in again', async () => {
    const { browser, ...aftermath } = await killDuringRefresh(1, async () => ({ fault: 'reset' }))
    assert.deepEqual(aftermath, { statuses: [200], tokenRequests: 2, signOuts: 0 })
    for (const instance of instances.all) assert.equal((await call(instance, browser)).status, 200)
  })

  test('T3: after the provider has consumed the token, it is one sign-in', async () => {
    await assertOneSignIn(
      await killDuringRefresh(2, async (usual) => {
        await usual()
        return { fault: 'reset' }
      }),
    )
  })

  test('T3: between the answer and the save, it is one sign-in', async () => {
    await assertOneSignIn(
      await killDuringRefresh(1, async (usual, pid) => {
        // It gets the answer, and no chance to do anything with it.
        process.kill(pid, 'SIGSTOP')
        return usual()
      }),
    )
  })
})
