import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { variedBodies } from './support/content-codings.ts'
import { request } from './support/raw-http.ts'
import {
  answerJson,
  startRawUpstream,
  startRemote,
  startUpstream,
  until,
} from './support/remote-fixture.ts'

const head = 'host: app.example\r\nsec-fetch-site: same-origin\r\ncookie: sid=alice\r\n'

describe('P5: bodies stream both ways', () => {
  // More than anybody may take ahead, and little enough for a machine on which somebody does.
  const most = 256 * 1024 * 1024

  it('takes no more from the API than a slow client takes', async () => {
    let written = 0
    const upstream = await startUpstream((_, response) => {
      const write = () => {
        let more = true
        while (more && !response.destroyed && written < most) {
          written += 64 * 1024
          more = response.write(Buffer.alloc(64 * 1024))
        }
      }
      response.on('drain', write)
      write()
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const socket = connect(fixture.port, '127.0.0.1')
    socket.write(`GET /api/remote/api/big HTTP/1.1\r\n${head}\r\n`)
    await once(socket, 'readable')
    await untilSteady(() => written)
    assert.ok(written < 32 * 1024 * 1024, `took ${written} bytes`)
    const before = written
    socket.on('data', () => undefined)
    await until(() => written > before + 64 * 1024 * 1024)
    socket.destroy()
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('takes no more from the client than a slow API takes', async () => {
    const upstream = await startUpstream((incoming) => {
      incoming.on('error', () => undefined)
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const socket = connect(fixture.port, '127.0.0.1')
    socket.on('error', () => undefined)
    let sent = 0
    const write = () => {
      let more = true
      while (more && !socket.destroyed && sent < most) {
        sent += 64 * 1024
        more = socket.write(Buffer.alloc(64 * 1024))
      }
    }
    socket.on('drain', write)
    socket.write(`POST /api/remote/api/up HTTP/1.1\r\n${head}content-length: 10000000000\r\n\r\n`)
    write()
    await until(() => upstream.requests.length === 1)
    await untilSteady(() => sent)
    assert.ok(sent < 32 * 1024 * 1024, `took ${sent} bytes`)
    const before = sent
    upstream.requests[0]?.resume()
    await until(() => sent > before + 64 * 1024 * 1024)
    socket.destroy()
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('delivers every byte of an upload in either framing, on one connection after another', async () => {
    const upstream = await startUpstream((incoming, response) => {
      let bytes = 0
      incoming.on('data', (chunk) => {
        bytes += chunk.length
      })
      incoming.on('end', () => answerJson(response, { bytes, headers: incoming.headers }))
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (const size of [0, 1, 65_536, 65_537, 3_000_000]) {
      const body = 'x'.repeat(size)
      const sized = await request(fixture.port, '/api/remote/api/up', { method: 'PUT', body })
      assert.equal(JSON.parse(sized.body).bytes, size)
      assert.equal(JSON.parse(sized.body).headers['content-length'], String(size))
      const chunks = size === 0 ? '0\r\n\r\n' : `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`
      const chunked = await request(fixture.port, '/api/remote/api/up', {
        method: 'DELETE',
        body: chunks,
        headers: { 'content-length': '', 'transfer-encoding': 'chunked' },
      })
      assert.equal(JSON.parse(chunked.body).bytes, size, `chunked ${size}`)
    }
    await fixture.close()
    await upstream.close()
  })

  it('delivers each event as it is sent, and the head before the first', async () => {
    const sendEvent = Promise.withResolvers<(text: string) => void>()
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      sendEvent.resolve((text) => response.write(text))
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const socket = connect(fixture.port, '127.0.0.1')
    let received = ''
    socket.on('data', (data) => {
      received += data.toString()
    })
    socket.write(`GET /api/remote/api/events HTTP/1.1\r\n${head}\r\n`)
    const send = await sendEvent.promise
    await until(() => received.includes('\r\n\r\n'))
    assert.match(received, /x-accel-buffering: no/)
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      send(event)
      await until(() => received.includes(event))
    }
    socket.destroy()
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('delivers text and bytes as they were sent, in one chunk and in several, with a length and without', async () => {
    const upstream = await startUpstream((incoming, response) => {
      const [, name = '', how = ''] = (incoming.url ?? '').split('/')
      const body = variedBodies[name] ?? assert.fail(name)
      response.writeHead(200, how.includes('sized') ? { 'content-length': body.length } : {})
      if (how.includes('cut')) response.write(body.subarray(0, 9))
      setTimeout(() => response.end(body.subarray(how.includes('cut') ? 9 : 0)), 10)
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (const [name, body] of Object.entries(variedBodies)) {
      for (const how of ['sized', 'plain', 'sized-cut', 'plain-cut']) {
        const answer = await request(fixture.port, `/api/remote/api/${name}/${how}`)
        assert.deepEqual(Buffer.from(answer.body, 'latin1'), body, `${name} ${how}`)
      }
    }
    await fixture.close()
    await upstream.close()
  })

  it('is not disturbed by early hints and trailers', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n')
      socket.write('2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n')
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (let i = 0; i < 2; i += 1) {
      const answer = await request(fixture.port, '/api/remote/api/x')
      assert.deepEqual([answer.status, answer.body, answer.complete], [200, 'ok', true])
      assert.equal(answer.headers.trailer, undefined)
    }
    await fixture.close()
    await upstream.close()
  })
})

describe('P8, P10: what HTTP has to offer', () => {
  it('passes redirects on and follows none', async () => {
    const upstream = await startUpstream((incoming, response) => {
      response.writeHead(302, {
        location: incoming.url === '/v1/in' ? '/v1/there' : 'https://x.example/',
      })
      response.end()
    })
    const fixture = await startRemote({ remotes: [{ target: `${upstream.origin}/v1` }] })
    const inside = await request(fixture.port, '/api/remote/api/in')
    assert.deepEqual([inside.status, inside.headers.location], [302, '/api/remote/api/there'])
    const outside = await request(fixture.port, '/api/remote/api/out')
    assert.equal(outside.headers.location, 'https://x.example/')
    assert.equal(upstream.requests.length, 2)
    await fixture.close()
    await upstream.close()
  })

  it('passes HEAD, OPTIONS, 204, 304, ranges and compressed bytes as they are', async () => {
    const upstream = await startUpstream((incoming, response) => {
      const { method, url, headers } = incoming
      if (method === 'HEAD') response.writeHead(200, { 'content-length': '5000' }).end()
      else if (method === 'OPTIONS') response.writeHead(200, { allow: 'GET' }).end()
      else if (url === '/empty') response.writeHead(204).end()
      else if (headers['if-none-match'] === '"1"') response.writeHead(304, { etag: '"1"' }).end()
      else if (headers.range === 'bytes=1-2') {
        response.writeHead(206, { 'content-range': 'bytes 1-2/5', 'content-length': '2' }).end('bc')
      } else {
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' })
        response.end(Buffer.from('1f8b0800', 'hex'))
      }
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const ask = (path: string, method = 'GET', headers = {}) =>
      request(fixture.port, `/api/remote/api${path}`, { method, headers })
    const headAnswer = await ask('/x', 'HEAD')
    assert.deepEqual([headAnswer.status, headAnswer.headers['content-length']], [200, '5000'])
    assert.equal((await ask('/x', 'OPTIONS')).headers.allow, 'GET')
    assert.equal((await ask('/empty')).status, 204)
    const unchanged = await ask('/x', 'GET', { 'if-none-match': '"1"' })
    assert.deepEqual([unchanged.status, unchanged.headers.etag], [304, '"1"'])
    const range = await ask('/x', 'GET', { range: 'bytes=1-2' })
    assert.deepEqual([range.status, range.body], [206, 'bc'])
    assert.equal(range.headers['content-range'], 'bytes 1-2/5')
    const zipped = await ask('/x', 'GET', { 'accept-encoding': 'gzip' })
    assert.equal(zipped.headers['content-encoding'], 'gzip')
    assert.equal(Buffer.from(zipped.body, 'latin1').toString('hex'), '1f8b0800')
    assert.equal(upstream.requests.at(-1)?.headers['accept-encoding'], 'gzip')
    await fixture.close()
    await upstream.close()
  })

  it('asks a client that expects 100 Continue for its body only when it will be sent', async () => {
    const upstream = await startUpstream((incoming, response) => {
      incoming.resume().on('end', () => answerJson(response))
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (const [cookie, expected] of [
      ['sid=alice', /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/],
      ['x=1', /^HTTP\/1\.1 401/],
    ] as const) {
      const socket = connect(fixture.port, '127.0.0.1')
      let received = ''
      socket.on('data', (data) => {
        received += data.toString()
        if (received.endsWith('100 Continue\r\n\r\n')) socket.write('x'.repeat(100_000))
      })
      socket.write(
        'POST /api/remote/api/x HTTP/1.1\r\nhost: app.example\r\nsec-fetch-site: same-origin\r\n' +
          `cookie: ${cookie}\r\nexpect: 100-continue\r\ncontent-length: 100000\r\n\r\n`,
      )
      await until(() => /"ok"|problem:/.test(received))
      assert.match(received, expected)
      socket.destroy()
    }
    assert.equal(upstream.requests.length, 1)
    assert.equal(upstream.requests[0]?.headers.expect, undefined)
    await fixture.close()
    await upstream.close()
  })

  it('delivers an answer that comes before the upload is over, and keeps the connection', async () => {
    const upstream = await startUpstream((incoming, response) => {
      incoming.on('error', () => undefined)
      if (incoming.method === 'POST') response.writeHead(409, { 'content-length': '4' }).end('full')
      else answerJson(response)
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const socket = connect(fixture.port, '127.0.0.1')
    let received = ''
    socket.on('data', (data) => {
      received += data.toString()
    })
    const size = 2_000_000
    socket.write(`POST /api/remote/api/up HTTP/1.1\r\n${head}content-length: ${size}\r\n\r\n`)
    socket.write('x'.repeat(100_000))
    await until(() => received.endsWith('full'))
    assert.match(received, /^HTTP\/1\.1 409/)
    socket.write('x'.repeat(size - 100_000))
    socket.write(`GET /api/remote/api/next HTTP/1.1\r\n${head}\r\n`)
    await until(() => received.endsWith('{"ok":true}'))
    socket.destroy()
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })
})

/** Resolves when a number has stopped to grow. */
async function untilSteady(read: () => number): Promise<void> {
  for (let before = -1; read() !== before; ) {
    before = read()
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
}
