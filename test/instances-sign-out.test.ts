import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createHttpBrowser } from './support/http-browser.ts'
import { call, type Instances, startInstances } from './support/instances.ts'
import { type SharedStore, sharedStores } from './support/shared-stores.ts'
import type { RunningCloakroom } from './support/start-cloakroom.ts'

/**
 * One sign-out on one instance while another one, which remembers the session, is asked all the time.
 * Answers when the other one accepted the session for the last time: milliseconds after the answer to the
 * sign-out, so negative when it knew before the browser did.
 */
async function lastAccepted(
  instances: Instances,
  on: RunningCloakroom,
  elsewhere: RunningCloakroom,
): Promise<number> {
  const browser = await instances.signIn()
  // The same ticket, in the hands of somebody whom the sign-out's answer does not reach.
  const copy = createHttpBrowser()
  copy.jar.set('localhost', new Map(browser.jar.get('localhost')))
  const ask = async () => {
    const at = performance.now()
    const { status } = await call(elsewhere, copy, '/bff/user?slide=false')
    return { at, status }
  }
  for (let i = 0; i < 3; i++) assert.equal((await ask()).status, 200)

  const accepted: number[] = []
  const asking = Array.from({ length: 2 }, async () => {
    for (;;) {
      const { at, status } = await ask()
      if (status !== 200) return assert.equal(status, 401)
      accepted.push(at)
    }
  })
  assert.equal((await call(on, browser, '/bff/logout', 'POST')).status, 200)
  const answeredAt = performance.now()
  assert.equal((await call(elsewhere, copy)).status, 401, 'the first call after the sign-out')
  await Promise.all(asking)
  return Math.max(...accepted) - answeredAt
}

for (const [name, start] of sharedStores) {
  describe(`a sign-out on one process, with the session remembered on the others, on ${name}`, () => {
    let store: SharedStore
    let instances: Instances
    before(async () => {
      store = await start()
      instances = await startInstances({
        env: store.env,
        // The answer follows the end of the session at once: a wait for the provider would hide a delay.
        config: { logout: { revoke: false } },
      })
    })
    after(async () => {
      await instances.close()
      await store.close()
    })

    test('S7: the next request on every other process is refused', async (t) => {
      const times: number[] = []
      for (let round = 0; round < 20; round++) {
        for (const on of instances.all) {
          for (const elsewhere of instances.all) {
            if (elsewhere !== on) times.push(await lastAccepted(instances, on, elsewhere))
          }
        }
      }
      times.sort((a, b) => a - b)
      const at = (part: number) => times[Math.floor((times.length - 1) * part)]?.toFixed(1)
      t.diagnostic(
        `${times.length} sign-outs; the last call that another process accepted began, in ms after the ` +
          `answer: median ${at(0.5)}, 99 % ${at(0.99)}, latest ${at(1)}`,
      )
      assert.ok(Math.max(...times) <= 0)
    })
  })
}
