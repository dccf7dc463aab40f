import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type App, startApp } from './support/app.ts'

const spa = 'https://spa.example'
let app: App
before(async () => {
  app = await startApp({ config: { spa: { origins: [spa] } } })
})
after(() => app.close())

const from = (origin: string, more: Record<string, string> = {}) => ({
  headers: { origin, 'sec-fetch-site': 'cross-site', ...more },
})

describe('a page on another origin that is listed (split hosts)', () => {
  test('reads who is signed in, with credentials and by its exact origin', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const answer = await browser.call('/bff/user', from(spa))
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('access-control-allow-origin'), spa)
    assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
    assert.match(answer.headers.get('vary') ?? '', /Origin/)
  })

  test('has its preflight answered, and nobody else has', async () => {
    const asked = {
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'x-csrf',
    }
    for (const path of ['/bff/user', '/api/remote/api/x']) {
      const listed = { method: 'OPTIONS', ...from(spa, asked) }
      const answer = await app.browser().call(path, listed)
      assert.equal(answer.status, 204, path)
      assert.equal(answer.headers.get('access-control-allow-origin'), spa)
      assert.match(answer.headers.get('access-control-allow-headers') ?? '', /x-csrf/i)
      const other = { method: 'OPTIONS', ...from('https://evil.example', asked) }
      const refused = await app.browser().call(path, other)
      assert.ok(refused.status >= 400, path)
      assert.equal(refused.headers.get('access-control-allow-origin'), null)
    }
  })

  test('is refused without the header, and so is every other origin with it', async () => {
    const browser = app.browser()
    await browser.signInHere()
    for (const init of [from(spa, { 'x-csrf': '0' }), from('https://evil.example'), from('null')]) {
      for (const path of ['/bff/user', '/api/remote/api/x']) {
        const answer = await browser.call(path, init)
        assert.equal(answer.status, 403)
        assert.equal(JSON.parse(answer.body).code, 'csrf_check_failed')
      }
    }
    assert.equal(app.apiRequests.length, 0)
  })

  test('may be returned to after sign-in', async () => {
    const login = `${app.origin}/bff/login?returnUrl=${encodeURIComponent(`${spa}/x`)}`
    const last = await app.browser().visit(login, { until: (url) => url.origin === spa })
    assert.equal(last.headers.get('location'), `${spa}/x`)
  })
})
