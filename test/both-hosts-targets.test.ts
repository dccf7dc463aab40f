import assert from 'node:assert/strict'
import { it } from 'node:test'
import { describeOnBothHosts } from './support/both-hosts.ts'
import { rawRequest } from './support/raw-http.ts'

describeOnBothHosts('the forms of a request-target (RFC 9112 section 3.2)', (at) => {
  it('A17: OPTIONS * tells that the server is there, over HTTP/1.0 and without a Host too', async () => {
    for (const version of ['1.0\r\n', '1.0\r\nHost: front', '1.1\r\nHost: front']) {
      const { status, headers } = await rawRequest(
        at.running.port,
        `OPTIONS * HTTP/${version}\r\n\r\n`,
      )
      assert.deepEqual([status, headers.allow], [204, 'GET, HEAD, OPTIONS, POST'], version)
    }
    for (const method of ['GET', 'POST', 'DELETE']) {
      assert.equal((await at.send(method, '*')).status, 400, method)
    }
  })

  it('P13: an absolute one is ours where it names our origin, and is read as it was written', async () => {
    const ours = at.running.origin
    for (const [target, status] of [
      [`${ours}/bff/health/live`, 200],
      [`${ours.toUpperCase()}/bff/health/live`, 200],
      [`${ours}/bff/user`, 200],
      [`${ours}/icon.svg`, 200],
      [`${ours}/api/remote/api/a%2fb?x=%7e`, 200],
      [`${ours}/api/remote/api/../x`, 400],
      [`${ours}/bff/%2e%2e/x`, 400],
      ['http://evil.example/bff/user', 421],
      ['http://evil.example/api/remote/api/x', 421],
      [`${ours}0/bff/user`, 421],
      [`${ours.replace('http:', 'https:')}/bff/user`, 421],
      [`${ours.replace('//', '//user:pw@')}/bff/user`, 400],
      [`${ours}@evil.example/bff/user`, 400],
      [`${ours}\\@evil.example/bff/user`, 400],
      ['ftp://evil.example/x', 400],
    ] as const) {
      at.api.forget()
      assert.equal((await at.send('GET', target)).status, status, target)
      const arrived = target.includes('%2fb') ? ['/v1/a%2fb?x=%7e'] : []
      assert.deepEqual(
        at.api.seen.map(({ url }) => url),
        arrived,
        target,
      )
    }
    assert.equal((await at.send('OPTIONS', ours)).status, 204)
  })

  it('P13: an authority is for CONNECT, which nobody gets', async () => {
    for (const target of ['evil.example:443', `127.0.0.1:${new URL(at.api.origin).port}`]) {
      at.api.forget()
      for (const [method, status] of [
        ['CONNECT', 405],
        ['GET', 400],
      ] as const) {
        const text = `${method} ${target} HTTP/1.1\r\n${at.head}\r\n`
        const answered = await at.statusesOf(text)
        assert.deepEqual(answered, [status], `${method} ${target}`)
      }
      assert.deepEqual(at.api.seen, [])
    }
    await at.assertWell()
  })

  it('P13: a 204 says no length', async () => {
    for (const [method, target, lines] of [
      ['GET', '/bff/login', ['Sec-Purpose: prefetch']],
      ['GET', '/bff/login', ['Sec-Fetch-Dest: image']],
      ['OPTIONS', '/bff/health/live', []],
      ['OPTIONS', '/', []],
      ['OPTIONS', '*', []],
      ['GET', '/api/remote/api/empty', []],
      ['GET', '/api/remote/api/empty?length', []],
    ] as const) {
      const { status, headers } = await at.send(method, target, [...lines])
      const told = [headers['content-length'], headers['transfer-encoding']]
      assert.deepEqual([status, told], [204, [undefined, undefined]], `${method} ${target}`)
    }
  })
})
