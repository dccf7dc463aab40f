import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { request } from './support/raw-http.ts'
import { answerJson, startUpstream, withRemote } from './support/remote-fixture.ts'

describe('the CSRF rule in front of every remote', () => {
  const own = 'https://app.example'
  const listed = 'https://spa.example'
  for (const [title, headers, status] of [
    ['a same-origin fetch', {}, 200],
    ['a same-origin fetch with Origin', { origin: own }, 200],
    ['an old browser with the header', { 'sec-fetch-site': '', 'x-csrf': '1' }, 200],
    ['an old browser without the header', { 'sec-fetch-site': '' }, 403],
    [
      'a cross-site page, even with the header',
      { 'sec-fetch-site': 'cross-site', 'x-csrf': '1' },
      403,
    ],
    ['a sibling site', { 'sec-fetch-site': 'same-site' }, 403],
    ['a navigation', { 'sec-fetch-site': 'none' }, 403],
    ['Origin: null', { origin: 'null' }, 403],
    ['a foreign Origin', { origin: 'https://evil.example' }, 403],
    [
      'a listed origin with the header',
      { origin: listed, 'sec-fetch-site': 'cross-site', 'x-csrf': '1' },
      200,
    ],
    ['a listed origin without the header', { origin: listed, 'sec-fetch-site': 'cross-site' }, 403],
  ] as const) {
    it(`answers ${status} to ${title}, for every method`, async () => {
      await withRemote({ origins: [listed] }, async ({ port, upstream }) => {
        for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'HEAD']) {
          const answer = await request(port, '/api/remote/api/x', { method, headers })
          assert.equal(answer.status, status, method)
        }
        assert.equal(upstream.requests.length, status === 200 ? 5 : 0)
      })
    })
  }

  it('sends CORS headers to a listed origin only, whatever the API says', async () => {
    const upstream = await startUpstream((_, response) => {
      response.setHeader('access-control-allow-origin', '*')
      answerJson(response)
    })
    await withRemote({ upstream, origins: [listed] }, async ({ port }) => {
      const cors = (answer: { headers: Record<string, string> }) => [
        answer.headers['access-control-allow-origin'],
        answer.headers['access-control-allow-credentials'],
      ]
      const cross = { 'sec-fetch-site': 'cross-site', 'x-csrf': '1' }
      const get = (headers: Record<string, string>, method = 'GET') =>
        request(port, '/api/remote/api/x', { method, headers })
      const good = await get({ ...cross, origin: listed })
      assert.deepEqual(cors(good), [listed, 'true'])
      assert.equal(good.headers.vary, 'Cookie, Origin')
      assert.deepEqual(cors(await get({ ...cross, origin: listed, cookie: '' })), [listed, 'true'])
      assert.deepEqual(cors(await get({ origin: own })), [undefined, undefined])
      assert.deepEqual(cors(await get({ ...cross, origin: 'https://evil.example' })), [
        undefined,
        undefined,
      ])

      const preflight = {
        'sec-fetch-site': 'cross-site',
        cookie: '',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-type,x-csrf,if-match',
      }
      const calls = upstream.requests.length
      const allowed = await get({ ...preflight, origin: listed }, 'OPTIONS')
      assert.equal(allowed.status, 204)
      assert.deepEqual(cors(allowed), [listed, 'true'])
      assert.equal(allowed.headers['access-control-allow-headers'], 'content-type,x-csrf,if-match')
      assert.match(allowed.headers['access-control-allow-methods'] ?? '', /PUT/)
      const refused = await get({ ...preflight, origin: 'https://evil.example' }, 'OPTIONS')
      assert.equal(refused.status, 403)
      assert.deepEqual(cors(refused), [undefined, undefined])
      assert.equal(upstream.requests.length, calls)
    })
  })
})
