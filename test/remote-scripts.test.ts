import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { request } from './support/raw-http.ts'
import { startUpstream, withRemote } from './support/remote-fixture.ts'

const path = '/api/remote/api/upload.js'
const load = (port: number, destination: string) =>
  request(port, path, { headers: { 'sec-fetch-dest': destination } })

describe('P28: what an API answers is no script of the app', () => {
  for (const destination of [
    ...[
      'script',
      'worker',
      'sharedworker',
      'serviceworker',
      'audioworklet',
      'paintworklet',
      'xslt',
    ],
  ]) {
    it(`is not loaded as ${destination}, unless the remote says so`, async () => {
      await withRemote({}, async ({ port, upstream }) => {
        const answer = await load(port, destination)
        assert.deepEqual([answer.status, JSON.parse(answer.body).code], [403, 'script_refused'])
        assert.equal(upstream.requests.length, 0)
      })
      await withRemote({ remote: { scripts: true } }, async ({ port }) => {
        assert.equal((await load(port, destination)).status, 200)
      })
    })
  }

  it('is loaded as anything else', async () => {
    await withRemote({}, async ({ port }) => {
      for (const destination of ['empty', 'image', 'document', 'iframe', 'style', 'video', '']) {
        assert.equal((await load(port, destination)).status, 200, destination)
      }
    })
  })
})

describe('P28: the request id of the API itself', () => {
  it('reaches the browser beside ours', async () => {
    const upstream = await startUpstream((_, response) => {
      const claimed = ['X-Upstream-Request-Id', 'claimed']
      response.writeHead(200, ['X-Request-Id', 'of-the-api', ...claimed]).end()
    })
    await withRemote({ upstream }, async ({ port }) => {
      const headers = { 'x-request-id': 'of-the-page' }
      const answer = await request(port, '/api/remote/api/x', { headers })
      assert.equal(answer.headers['x-request-id'], 'of-the-page')
      assert.equal(answer.headers['x-upstream-request-id'], 'of-the-api')
    })
  })
})
