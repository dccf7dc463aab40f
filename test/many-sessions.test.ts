import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { until } from './support/remote-fixture.ts'

const count = 60
const store = createMemoryStore()
let app: App
let browsers: AppBrowser[]
/** Reads and deletions of sessions since the event loop last turned, and the most of them in one turn. */
let inTurn = 0
let most = 0
let revoking = 0
let mostRevoking = 0

before(async () => {
  const counted = <T>(key: string, answer: T): T => {
    if (!key.startsWith('session:')) return answer
    if (inTurn === 0) {
      setImmediate(() => {
        inTurn = 0
      })
    }
    inTurn += 1
    most = Math.max(most, inTurn)
    return answer
  }
  app = await startApp({
    store: {
      ...store,
      getFresh: (key) => counted(key, store.getFresh(key)),
      delete: (key) => counted(key, store.delete(key)),
    },
  })
  // Nobody is done before several have begun, if they begin at once.
  app.provider.override('revocation', async (_, usual) => {
    revoking += 1
    mostRevoking = Math.max(mostRevoking, revoking)
    await new Promise((resolve) => setTimeout(resolve, 50))
    revoking -= 1
    return usual()
  })
})
after(() => app.close())
beforeEach(async () => {
  app.provider.state.revoked.length = 0
  browsers = Array.from({ length: count }, () => app.browser())
  for (const browser of browsers) await browser.signInHere()
  most = 0
  mostRevoking = 0
})

/** The refresh token and the access token of each session. */
const allRevoked = () => until(() => app.provider.state.revoked.length === 2 * count)

async function assertCalm() {
  for (const browser of browsers) assert.equal(await browser.user(), undefined)
  await allRevoked()
  assert.ok(most <= 16, `${most} sessions between two turns of everybody else`)
  assert.ok(mostRevoking <= 8, `${mostRevoking} revocations at once`)
}

test('O11: one logout token for many sessions: a few at a time, and everybody else in between', async () => {
  const body = new URLSearchParams({
    logout_token: await app.provider.signLogoutToken({ sid: undefined }),
  })
  const answer = await app.browser().send(`${app.origin}/bff/backchannel`, { method: 'POST', body })
  assert.equal(answer.status, 200)
  await assertCalm()
})

test('O11: signing an account out everywhere: a few at a time, and everybody else in between', async () => {
  assert.equal(await app.bff.sessions.endAll('alice'), count)
  await assertCalm()
})
