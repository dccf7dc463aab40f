import assert from 'node:assert/strict'
import { it } from 'node:test'
import { describeOnBothHosts } from './support/both-hosts.ts'
import { byteHeads, fileNames, highBytes } from './support/hostile-api.ts'

describeOnBothHosts('heads of answers', (at) => {
  it('P23: bytes above 127 leave as they came, with a length, chunked, and flushed early', async () => {
    for (const method of ['GET', 'HEAD']) {
      for (const name of byteHeads) {
        const { status, headers, body } = await at.send(method, `/api/remote/broken/${name}`)
        assert.equal(status, 200, `${name}: ${body}`)
        assert.equal(headers['x-bytes'], highBytes, `${method} ${name}`)
        assert.equal(headers['content-disposition'], fileNames[Number(name.split('-')[2])], name)
        assert.equal(body, method === 'GET' ? 'hello' : '')
      }
    }
  })

  it('P28: the length of an answer reaches the browser, HEAD included', async () => {
    for (const method of ['GET', 'HEAD']) {
      for (const name of byteHeads) {
        const answer = await at.send(method, `/api/remote/broken/${name}`)
        const length = name.includes('length') ? '5' : undefined
        assert.equal(answer.headers['content-length'], length, `${method} ${name}`)
        assert.equal(answer.headers['x-cloakroom-length'], undefined)
        assert.equal(answer.complete, true)
      }
    }
    const range = await at.send('GET', '/api/remote/broken/truncated')
    assert.deepEqual([range.headers['content-length'], range.complete], ['10', false])
    const problem = await at.send('GET', '/api/remote/nobody/x')
    assert.equal(problem.headers['content-length'], String(problem.body.length))
    await at.assertWell()
  })
})
