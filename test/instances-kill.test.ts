import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { HttpBrowser, Visit } from './support/http-browser.ts'
import { call, type Instances, startInstances } from './support/instances.ts'
import { type RedisServer, startRedisServer } from './support/redis-server.ts'
import type { ScriptedAnswer } from './support/scripted-provider.ts'

/** Whoever waits for the refresh of a process that died gets an answer within this time. */
const longestWaitMs = 15_000
const victim = 1

let redis: RedisServer
let instances: Instances
before(async () => {
  redis = await startRedisServer()
  instances = await startInstances({ env: { BFF_STORE: 'redis', REDIS_URL: redis.url } })
  instances.provider.state.idTokenOnRefresh = false
  await killDuringThreeRefreshes()
})
after(async () => {
  await instances.close()
  await redis.close()
})

/** How far the token request of a session has come when the process that made it is killed. */
const stages = {
  'not worked on': async () => ({ fault: 'reset' }),
  consumed: async (usual) => {
    await usual()
    return { fault: 'reset' }
  },
  // It gets the answer, and no chance to do anything with it.
  answered: async (usual) => {
    process.kill(instances.at(victim).pid, 'SIGSTOP')
    return usual()
  },
} as const satisfies Record<
  string,
  (usual: () => Promise<ScriptedAnswer>) => Promise<ScriptedAnswer>
>

type Stage = keyof typeof stages

interface Aftermath {
  browser: HttpBrowser
  refreshToken: string
  /** Of 20 calls on each of the two other processes. */
  answers: { visit: Visit; waitedMs: number }[]
}

const aftermaths = new Map<Stage, Aftermath>()

async function killDuringThreeRefreshes(): Promise<void> {
  const { provider } = instances
  const survivors = instances.all.filter((_, index) => index !== victim)
  const dead = Promise.withResolvers<void>()
  const lost: Promise<void>[] = []
  const waiting: Promise<unknown>[] = []
  for (const [name, stage] of Object.entries(stages)) {
    provider.state.claims = { sub: name }
    const browser = await instances.signInExpired()
    const arrived = Promise.withResolvers<string>()
    provider.once('token', async ({ params }, usual) => {
      const answer = await stage(usual)
      arrived.resolve(String(params.get('refresh_token')))
      // What must not arrive at a living process waits until it is none.
      if (answer.fault) await dead.promise
      return answer
    })
    lost.push(assert.rejects(call(instances.at(victim), browser)))
    const aftermath: Aftermath = { browser, refreshToken: await arrived.promise, answers: [] }
    aftermaths.set(name as Stage, aftermath)
    for (const survivor of survivors) {
      const calls = Array.from({ length: 20 }, () => timed(call(survivor, browser)))
      waiting.push(Promise.all(calls).then((answers) => aftermath.answers.push(...answers)))
    }
  }
  // By then the answer has been written.
  await new Promise(setImmediate)
  await instances.at(victim).stop('SIGKILL')
  dead.resolve()
  await Promise.all([...lost, ...waiting, instances.restart(victim)])
}

async function timed(answer: Promise<Visit>): Promise<Aftermath['answers'][number]> {
  const startedAt = performance.now()
  const visit = await answer
  return { visit, waitedMs: performance.now() - startedAt }
}

async function outcome(stage: Stage) {
  const { browser, answers, refreshToken } = aftermaths.get(stage) as Aftermath
  const statuses = new Set(answers.map(({ visit }) => visit.status))
  for (const instance of instances.all) {
    statuses.add((await call(instance, browser)).status)
    statuses.add((await call(instance, browser, '/bff/user')).status)
  }
  return {
    statuses: [...statuses],
    tokenRequests: instances.provider
      .tokenRequests('refresh_token')
      .filter((params) => params.get('refresh_token') === refreshToken).length,
    signOuts: instances.events('sign_out.done').filter(({ sub }) => sub === stage).length,
  }
}

const signedIn = { statuses: [200], tokenRequests: 2, signOuts: 0 }
const signedOutOnce = { statuses: [401], tokenRequests: 2, signOuts: 1 }

describe('the process that refreshes is killed', () => {
  test('T3: before the provider has worked on it, nobody has to sign in again', async () => {
    assert.deepEqual(await outcome('not worked on'), signedIn)
  })

  test('T3: after the provider has consumed the token, it is one sign-in', async () => {
    assert.deepEqual(await outcome('consumed'), signedOutOnce)
  })

  test('T3: between the answer and the save, it is one sign-in', async () => {
    assert.deepEqual(await outcome('answered'), signedOutOnce)
  })

  test('T3: a new sign-in works on every process', async () => {
    const browser = await instances.signIn()
    for (const instance of instances.all) assert.equal((await call(instance, browser)).status, 200)
  })

  test('T3: nobody waits for the dead process for long', (t) => {
    const waits = [...aftermaths.values()]
      .flatMap(({ answers }) => answers.map(({ waitedMs }) => Math.round(waitedMs)))
      .sort((a, b) => a - b)
    t.diagnostic(`${waits.length} calls waited ${waits[0]} to ${waits.at(-1)} ms`)
    assert.equal(waits.length, 120)
    assert.ok((waits.at(-1) ?? 0) < longestWaitMs)
  })
})
