import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
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
        assert.equal(answer.headers['x-cloakroom-head'], undefined)
        assert.equal(answer.complete, true)
      }
    }
    const range = await at.send('GET', '/api/remote/broken/truncated')
    assert.deepEqual([range.headers['content-length'], range.complete], ['10', false])
    const problem = await at.send('GET', '/api/remote/nobody/x')
    assert.equal(problem.headers['content-length'], String(problem.body.length))
    await at.assertWell()
  })

  const linesOf = (rawHeaders: [string, string][], name: string) =>
    rawHeaders.filter(([it]) => it.toLowerCase() === name).map(([, value]) => value)

  it('P4: a cookie of an API stays one line, byte for byte, whatever its value holds', async () => {
    const cookies = [
      'csrf=de,bff=ticket-of-mallory; Path=/; HttpOnly',
      'csrf=de, __Host-Http-bff=ticket; Path=/; Secure; HttpOnly',
      'lb=a, b=c; Path=/',
      'lb=a;Expires=Thu, 01 Jan 1970 00:00:00 GMT,bff=x; Path=/',
      'csrf="a,=b"; Path=/',
      'lb=1,\t bff =2',
      'lb=a,b,c; Path=/',
    ]
    const pairOf = (cookie = '') => cookie.split(';')[0]
    for (const cookie of cookies) {
      const query = `set-cookie=${encodeURIComponent(cookie)}`
      const { status, rawHeaders } = await at.send('GET', `/api/remote/kept/x?${query}`)
      assert.equal(status, 200)
      // Besides it comes one of ours, which remembers whose it is.
      const [first, ...ours] = linesOf(rawHeaders, 'set-cookie')
      assert.equal(pairOf(first), pairOf(cookie))
      for (const line of ours) assert.match(line, /^bff-\d+-setter=[^,;]+; Path=/)
    }
  })

  it('P4: the lines of a header are as many as they were, on every host', async () => {
    const many: [string, string[], string[]?][] = [
      ['link', ['<https://a.example/1>; rel=next', '<https://a.example/2>; rel=prev']],
      ['www-authenticate', ['Bearer realm="a"', 'DPoP algs="ES256"']],
      ['vary', ['Accept', 'Accept-Language'], ['Accept,Accept-Language, Cookie']],
      ['allow', ['GET', 'PUT, PATCH']],
      ['content-language', ['de', 'en, fr']],
      ['server-timing', ['db;dur=1', 'app;dur=2']],
      ['warning', ['199 - "a, b"', '299 - "c"']],
      ['cache-control', ['public', 'max-age=1'], ['private, no-store']],
    ]
    for (const [name, sent, left = sent] of many) {
      const query = sent.map((it) => `line=${encodeURIComponent(`${name}: ${it}`)}`).join('&')
      const { status, rawHeaders } = await at.send('GET', `/api/remote/api/x?${query}`)
      assert.equal(status, 200)
      assert.deepEqual(linesOf(rawHeaders, name), left, name)
    }
  })

  it('S1: each cookie of ours is a line of its own', async () => {
    const { status, rawHeaders } = await at.send('GET', '/bff/login')
    assert.equal(status, 302)
    for (const cookie of linesOf(rawHeaders, 'set-cookie')) {
      assert.match(cookie, /^[\w.-]+=[^,;]*; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/)
    }
  })

  it('P5: the head of a silent stream comes before its first byte', async () => {
    const headers = { cookie: at.cookie, 'sec-fetch-site': 'same-origin' }
    // The stream says nothing, ever.
    const signal = AbortSignal.timeout(20_000)
    const address = `${at.running.origin}/api/remote/api/hushed`
    const { status, body } = await fetch(address, { headers, signal })
    assert.equal(status, 200)
    await body?.cancel()
  })

  it('P15: a 205 has no content, and nothing of it comes behind the head', async () => {
    for (const name of ['reset-content', 'reset-chunks']) {
      const lines = `GET /api/remote/broken/${name} HTTP/1.1\r\nConnection: close\r\n${at.head}\r\n`
      const socket = connect(at.running.port, '127.0.0.1')
      socket.write(lines)
      const answer = await text(socket)
      assert.match(answer, /^HTTP\/1\.1 205 [\s\S]*\r\n\r\n$/)
      assert.match(answer, /\r\ncontent-length: 0\r\n/i)
      assert.doesNotMatch(answer, /transfer-encoding/i)
    }
  })

  it('P15: a status that is none is 502', async () => {
    assert.equal((await at.send('GET', '/api/remote/broken/no-status')).status, 502)
  })

  it('A5: an answer that breaks off is cut, and prints no stack', async () => {
    const answer = await at.send('GET', '/api/remote/broken/truncated-chunk')
    assert.deepEqual([answer.status, answer.complete], [200, false])
    await at.assertWell()
    assert.doesNotMatch(at.running.output(), /failed to pipe response/)
  })

  it('A51: the access log has a line for each request, whatever LOG_LEVEL says', async () => {
    for (const path of ['/api/remote/api/x', '/bff/user']) {
      const requestId = `access${path.replaceAll('/', '-')}`
      await at.send('GET', path, [`X-Request-Id: ${requestId}`, 'X-CSRF: 1'])
      const line = () => at.running.log().find((it) => it.requestId === requestId)
      for (let i = 0; i < 200 && !line(); i += 1) await sleep(10)
      const { event, method, status, bytesIn, bytesOut, ms, session, level, ...more } = line() ?? {}
      const what = [event, method, status, bytesIn, level]
      assert.deepEqual(what, ['request.done', 'GET', 200, 0, 'info'])
      assert.ok(Number(bytesOut) > 0 && Number(ms) >= 0, `${bytesOut} ${ms}`)
      assert.match(String(session), /^[\w-]{16}$/)
      assert.equal(more.remote ?? more.route, path === '/bff/user' ? path : 'api')
    }
  })
})
