import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { answerWithIdToken } from './support/provider-under-test.ts'

/** The OpenID Foundation's tests of refresh by relying parties, through the whole product. */

let app: App
let browser: AppBrowser
before(async () => {
  app = await startApp()
})
after(() => app.close())
beforeEach(async () => {
  browser = app.browser()
  await browser.signInHere()
  app.provider.requests.length = 0
  app.apiRequests.length = 0
  app.advance(301_000)
})
afterEach(() => app.provider.override('token'))

/** Calls an API with the expired token. */
const call = () => browser.call('/api/remote/api/x')

async function assertSessionEnded(): Promise<void> {
  const answer = await call()
  assert.equal(answer.status, 401)
  assert.equal(JSON.parse(answer.body).code, 'session_expired')
  assert.deepEqual(app.apiRequests, [])
  assert.equal(await browser.user(), undefined)
}

describe('oidcc-client-refreshtoken-certification-test-plan', () => {
  test('oidcc-client-test-refresh-token', async () => {
    assert.equal((await call()).status, 200)
    const [request] = app.provider.tokenRequests('refresh_token')
    assert.ok(request?.get('refresh_token')?.startsWith('refresh-'))
    assert.match(app.apiRequests[0]?.headers.authorization ?? '', /^Bearer access-/)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('oidcc-client-test-refresh-token-invalid-issuer', async () => {
    answerWithIdToken(app.provider, { iss: 'https://another.example' })
    await assertSessionEnded()
  })

  test('oidcc-client-test-refresh-token-invalid-sub', async () => {
    answerWithIdToken(app.provider, { sub: 'mallory' })
    await assertSessionEnded()
  })
})
