import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, describe, it } from 'node:test'
import { request } from './support/raw-http.ts'
import {
  type RemoteFixture,
  startRawUpstream,
  startRemote,
  startUpstream,
  until,
} from './support/remote-fixture.ts'

const head = 'host: app.example\r\nsec-fetch-site: same-origin\r\ncookie: sid=alice\r\n'

/** What was logged of calls, and who broke them off. */
function abortsOf({ events }: RemoteFixture): unknown[] {
  return events
    .filter(({ event }) => event !== 'misconfiguration')
    .map(({ event, fields }) => [event, fields.by])
}

describe('P6: who goes away takes nobody along', () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  after(() => {
    process.off('unhandledRejection', note)
    assert.deepEqual(unhandled, [])
  })

  it('cancels the upstream call when the client leaves in mid-answer, 200 times', async () => {
    let open = 0
    const upstream = await startUpstream((_, response) => {
      open += 1
      response.on('close', () => {
        open -= 1
      })
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const write = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16 * 1024)));
      }
      response.on('drain', write)
      write()
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const socket = connect(fixture.port, '127.0.0.1')
          socket.on('error', () => undefined)
          socket.write(`GET /api/remote/api/big HTTP/1.1\r\n${head}\r\n`)
          await new Promise((resolve) => socket.once('data', resolve))
          socket.resetAndDestroy()
        }),
      )
    }
    await fixture.idle()
    await until(() => open === 0)
    assert.equal(upstream.requests.length, 200)
    assert.equal((await request(fixture.port, '/api/remote/nope')).status, 404)
    await fixture.close()
    await upstream.close()
  })

  it('cancels the upstream call when the client leaves in mid-upload', async () => {
    let aborted = 0
    const upstream = await startUpstream((incoming) => {
      incoming.resume()
      incoming.on('error', () => undefined)
      incoming.on('aborted', () => {
        aborted += 1
      })
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (const framing of ['content-length: 1000000', 'transfer-encoding: chunked']) {
      const before = upstream.requests.length
      const socket = connect(fixture.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(`POST /api/remote/api/up HTTP/1.1\r\n${head}${framing}\r\n\r\n`)
      socket.write(framing.endsWith('chunked') ? '5\r\nhello\r\n' : 'hello')
      await until(() => upstream.requests.length === before + 1)
      socket.resetAndDestroy()
      await fixture.idle()
    }
    await until(() => aborted === 2)
    await fixture.close()
    await upstream.close()
  })

  it('sends no body again that has begun to pass', async () => {
    let calls = 0
    const upstream = await startRawUpstream((socket, text) => {
      if (/^(?:GET|PUT) /.test(text)) calls += 1
      if (text.startsWith('GET')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      else socket.destroy()
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    // A kept connection: what breaks on it is sent again where that is possible.
    await request(fixture.port, '/api/remote/api/x')
    const body = 'x'.repeat(100_000)
    const answer = await request(fixture.port, '/api/remote/api/x', { method: 'PUT', body })
    assert.deepEqual([answer.status, calls], [502, 2])
    const small = await request(fixture.port, '/api/remote/api/x', { method: 'PUT', body: 'x' })
    assert.deepEqual([small.status, calls], [502, 4])
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('cancels the upstream call when the client leaves before there is an answer', async () => {
    let closed = 0
    const upstream = await startUpstream((_, response) => {
      response.on('close', () => {
        closed += 1
      })
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const socket = connect(fixture.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`GET /api/remote/api/slow HTTP/1.1\r\n${head}\r\n`)
    await until(() => upstream.requests.length === 1)
    socket.destroy()
    await until(() => closed === 1)
    await fixture.idle()
    assert.deepEqual(abortsOf(fixture), [['remote.aborted', 'client']])
    await fixture.close()
    await upstream.close()
  })

  it('gives up a client that does not take the answer, however long it took it before', async () => {
    const flood = 20_000_000
    let open = 0
    const upstream = await startUpstream((incoming, response) => {
      open += 1
      response.on('close', () => {
        open -= 1
      })
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const write = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
        response.once('drain', write)
      }
      if (incoming.url === '/at-once') return write()
      // Long enough without a pause for the clock of the first pauses to run out.
      response.write(Buffer.alloc(flood))
      const drip = setInterval(() => response.write('drip'), 50)
      setTimeout(() => {
        clearInterval(drip)
        write()
      }, 500)
    })
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin, idleTimeoutMs: 200 }],
    })
    for (const [path, taken] of [
      ['at-once', 0],
      ['slowly', flood * 1.2],
    ] as const) {
      const socket = connect(fixture.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(`GET /api/remote/api/${path} HTTP/1.1\r\n${head}\r\n`)
      let received = 0
      socket.on('data', (chunk) => {
        received += chunk.length
        if (received > taken) socket.pause()
      })
      await until(() => received > taken)
      await fixture.idle()
      await until(() => open === 0)
      socket.destroy()
    }
    const aborts = fixture.events.filter(({ event }) => event === 'remote.aborted')
    assert.equal(aborts.length, 2)
    for (const { fields } of aborts) assert.match(String(fields.cause), /does not take the answer/)
    await fixture.close()
    await upstream.close()
  })

  it('calls nobody for a client that left while its session was being read', async () => {
    const upstream = await startUpstream()
    const gate = Promise.withResolvers<{ kind: 'none' }>()
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin, token: 'user-or-none' }],
      readSession: () => gate.promise,
    })
    const socket = connect(fixture.port, '127.0.0.1')
    socket.write(`GET /api/remote/api/x HTTP/1.1\r\n${head}\r\n`)
    await until(() => fixture.remote.inFlight === 1)
    socket.destroy()
    await fixture.idle()
    gate.resolve({ kind: 'none' })
    await gate.promise
    assert.equal(upstream.requests.length, 0)
    await fixture.close()
    await upstream.close()
  })

  for (const [framing, begin] of [
    ['with a length', 'content-length: 1000\r\n\r\npart'],
    ['in chunks', 'transfer-encoding: chunked\r\n\r\n4\r\npart\r\n'],
  ] as const) {
    it(`breaks the client’s connection when the API dies in an answer ${framing}`, async () => {
      const upstream = await startRawUpstream((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n${begin}`)
        setTimeout(() => socket.resetAndDestroy(), 20)
      })
      const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
      const answer = await request(fixture.port, '/api/remote/api/part')
      assert.equal(answer.status, 200)
      assert.equal(answer.body, 'part')
      assert.equal(answer.complete, false)
      await fixture.idle()
      assert.deepEqual(abortsOf(fixture), [['remote.aborted', 'upstream']])
      await fixture.close()
      await upstream.close()
    })
  }

  it('breaks the client’s connection when the API resets an answer that has no length', async () => {
    const upstream = await startRawUpstream((socket, text) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\npart')
      if (text.startsWith('GET /whole')) socket.end()
      else setTimeout(() => socket.resetAndDestroy(), 20)
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (const [path, complete] of [
      ['/part', false],
      ['/whole', true],
    ] as const) {
      const answer = await request(fixture.port, `/api/remote/api${path}`)
      assert.deepEqual([answer.body, answer.complete], ['part', complete])
    }
    await fixture.close()
    await upstream.close()
  })

  it('resets the connection of an HTTP/1.0 client, to which its end would be the answer’s', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n')
      setTimeout(() => socket.destroy(), 20)
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const socket = connect(fixture.port, '127.0.0.1')
    const failed = new Promise<NodeJS.ErrnoException>((resolve) => socket.on('error', resolve))
    socket.resume().write(`GET /api/remote/api/x HTTP/1.0\r\n${head}\r\n`)
    assert.equal((await failed).code, 'ECONNRESET')
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('answers 502 when the API dies before it answers', async () => {
    const upstream = await startRawUpstream((socket) => socket.resetAndDestroy())
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (const method of ['GET', 'POST']) {
      const answer = await request(fixture.port, '/api/remote/api/x', { method })
      assert.equal(answer.status, 502)
      assert.equal(JSON.parse(answer.body).code, 'upstream_unreachable')
    }
    await fixture.close()
    await upstream.close()
  })

  it('repeats a GET, and never a POST, when the API closed the kept connection', async () => {
    const seen: string[] = []
    const upstream = await startRawUpstream((socket, text) => {
      seen.push(text.slice(0, text.indexOf(' HTTP')))
      if (seen.length === 2 || seen.length === 4) return void socket.destroy()
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    assert.equal((await request(fixture.port, '/api/remote/api/a')).status, 200)
    assert.equal((await request(fixture.port, '/api/remote/api/b')).status, 200)
    const post = await request(fixture.port, '/api/remote/api/c', { method: 'POST', body: 'x' })
    assert.equal(post.status, 502)
    assert.deepEqual(seen, ['GET /a', 'GET /b', 'GET /b', 'POST /c'])
    await fixture.close()
    await upstream.close()
  })
})
