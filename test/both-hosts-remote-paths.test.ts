import assert from 'node:assert/strict'
import { it } from 'node:test'
import { describeOnBothHosts } from './support/both-hosts.ts'

describeOnBothHosts('a remote with a path of its own', (at) => {
  it('P40: is there, path and query byte for byte, with the user’s token', async () => {
    for (const rest of [
      '',
      '/',
      '?a+b=%zz&a',
      '/1',
      '/1/?b&a',
      '/%e2%82%ac;v=1/a:b@c',
      '/a//b',
      '/innermost',
      '/INNER/x',
      '/_rsc?_rsc=1',
    ]) {
      at.api.forget()
      const { status, body } = await at.send('GET', `/todos${rest}`)
      assert.equal(status, 200, `${rest} ${body}`)
      const [seen] = at.api.seen
      assert.equal(seen?.url, `/v1${rest}`)
      assert.match(seen?.headers.authorization ?? '', /^Bearer /)
      assert.equal(seen?.headers['x-forwarded-prefix'], '/todos')
    }
    at.api.forget()
    for (const rest of ['', '/', '/x?y']) await at.send('GET', `/todos/inner${rest}`)
    assert.deepEqual(
      at.api.seen.map(({ url }) => url),
      ['/v2', '/v2/', '/v2/x?y'],
    )
    at.api.forget()
    const answer = await at.send('POST', '/todos/1', ['Content-Length: 3'], 'ab\n')
    assert.equal(answer.status, 200)
    assert.deepEqual([at.api.seen[0]?.method, at.api.seen[0]?.body], ['POST', 'ab\n'])
  })

  it('P40: is nowhere else, and in no other spelling', async () => {
    at.api.forget()
    for (const [target, status, code] of [
      ['/api/remote/own', 404, 'unknown_remote'],
      ['/api/remote/own/1', 404, 'unknown_remote'],
      ['/api/remote/inner/1', 404, 'unknown_remote'],
      ['/t%6fdos/1', 400, 'bad_path'],
      ['//todos/1', 400, 'bad_path'],
      ['/todos;x/1', 400, 'bad_path'],
      ['/x/../todos/1', 400, 'bad_path'],
      ['/todos/../bff/user', 400, 'bad_path'],
      ['/todos/%2e%2e/x', 400, 'bad_path'],
      ['/todos/inner/../1', 400, 'bad_path'],
    ] as [string, number, string][]) {
      const answer = await at.send('GET', target)
      assert.deepEqual([answer.status, JSON.parse(answer.body).code], [status, code], target)
    }
    for (const target of ['/todosx', '/Todos/1']) {
      assert.equal((await at.send('GET', target)).status, 404, target)
    }
    assert.deepEqual(at.api.seen, [])
    await at.assertWell()
  })

  it('P40: stands behind the same rules', async () => {
    at.api.forget()
    const foreign = `Host: localhost\r\nSec-Fetch-Site: cross-site\r\nCookie: ${at.cookie}\r\n\r\n`
    assert.deepEqual(await at.statusesOf(`GET /todos/1 HTTP/1.1\r\n${foreign}`), [403])
    const anonymous = 'Host: localhost\r\nSec-Fetch-Site: same-origin\r\n\r\n'
    assert.deepEqual(await at.statusesOf(`GET /todos/1 HTTP/1.1\r\n${anonymous}`), [401])
    const script = await at.send('GET', '/todos/1.js', ['Sec-Fetch-Dest: script'])
    assert.deepEqual([script.status, JSON.parse(script.body).code], [403, 'script_refused'])
    const returning = await at.send('GET', '/bff/login?returnUrl=/todos/1')
    assert.equal(returning.status, 400)
    assert.deepEqual(at.api.seen, [])
  })
})
