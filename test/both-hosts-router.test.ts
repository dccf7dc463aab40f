import assert from 'node:assert/strict'
import { it } from 'node:test'
import { describeOnBothHosts } from './support/both-hosts.ts'

describeOnBothHosts('what a framework would take for its own', (at) => {
  it('A12: headers of a router are nothing to endpoints, and arrive at APIs', async () => {
    const lines = ['RSC: 1', 'Next-Router-Prefetch: 1', 'Next-Router-State-Tree: %7B']
    for (const target of ['/bff/user', '/bff/health/live', '/bff/health/live?_rsc=1']) {
      assert.equal((await at.send('GET', target, lines)).status, 200, target)
    }
    for (const [method, target] of [
      ['GET', '/api/remote/api/x?a=1'],
      ['GET', '/api/remote/api/x?_rsc=1'],
      ['POST', '/api/remote/api/x'],
      ['GET', '/api/remote/api//x%2fy'],
    ] as const) {
      at.api.forget()
      const answer = await at.send(method, target, [...lines, 'Content-Length: 0'])
      const [seen] = at.api.seen
      assert.equal(seen === undefined ? 400 : 200, answer.status, target)
      if (seen)
        assert.deepEqual(
          [seen.headers.rsc, seen.url],
          ['1', target.replace('/api/remote/api', '/v1')],
        )
    }
    assert.equal((await at.send('GET', '/bff//user', lines)).status, 400)
  })

  it('A12: a method that an endpoint does not have is 405, whatever it is called', async () => {
    for (const method of ['PURGE', 'SEARCH', 'PROPFIND', 'QUERY', 'DELETE']) {
      const answer = await at.send(method, '/bff/user')
      assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD'], method)
      assert.equal(JSON.parse(answer.body).code, 'method_not_allowed')
    }
    const traced = await at.send('TRACE', '/bff/user')
    assert.deepEqual([traced.status, JSON.parse(traced.body).code], [400, 'bad_request'])
    await at.assertWell()
  })
})
