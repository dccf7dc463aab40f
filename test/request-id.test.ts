import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type App, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp()
})
after(() => app.close())

const paths = ['/bff/user', '/bff/login', '/bff/nothing', '/api/remote/api/x', '/elsewhere']

test('A4: every answer has an id, and no two answers the same', async () => {
  const ids = new Set<string>()
  for (const path of [...paths, ...paths]) {
    const { headers } = await app.browser().call(path)
    ids.add(headers.get('x-request-id') ?? '')
  }
  assert.equal(ids.size, 2 * paths.length)
  assert.ok(!ids.has(''))
})

test('A4: a sane id of the request is kept: in the answer, at the API and in the log', async () => {
  const browser = app.browser()
  await browser.signInHere()
  const id = 'edge-7f3a9c01'
  for (const path of ['/bff/user', '/api/remote/api/x']) {
    const answer = await browser.call(path, { headers: { 'x-request-id': id } })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('x-request-id'), id)
  }
  assert.equal(app.apiRequests.at(-1)?.headers['x-request-id'], id)
  const refused = await app
    .browser()
    .call('/api/remote/api/x', { headers: { 'x-request-id': `${id}-2` } })
  assert.equal(JSON.parse(refused.body).requestId, `${id}-2`)
  assert.match(JSON.stringify(app.log.events), new RegExp(`"requestId":"${id}-2"`))
})

test('A4: an id that is not sane is replaced', async () => {
  for (const id of ['short', 'a b c d e f g h', '<script>alert(1)</script>', 'x'.repeat(129)]) {
    for (const path of ['/bff/user', '/api/remote/api/x']) {
      const { headers, body } = await app.browser().call(path, { headers: { 'x-request-id': id } })
      const given = headers.get('x-request-id')
      assert.ok(given && given !== id)
      assert.equal(JSON.parse(body).requestId, given)
    }
  }
})
