import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { createOutgoing } from './outgoing.ts'

const plainFetch = createOutgoing({}).plainFetch()

describe('plainFetch', () => {
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  const server = createServer((request, response) => answer(request, response))
  let origin = ''
  before(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  test('sends a form as fetch does, and answers what came', async () => {
    let sent: unknown
    answer = async (request, response) => {
      const chunks = await request.toArray()
      const { method, url, headers } = request
      sent = [method, url, headers['content-type'], headers['x-one'], String(Buffer.concat(chunks))]
      response.writeHead(201, 'Made', {
        'content-type': 'text/plain',
        'set-cookie': ['a=1', 'b=2'],
      })
      response.end('größer')
    }
    const body = new URLSearchParams({ code: 'a b&c' })
    const init = { method: 'POST', headers: { 'x-one': '1' }, body }
    const got = await plainFetch(`${origin}/token?a=1#part`, init)
    const type = 'application/x-www-form-urlencoded;charset=UTF-8'
    assert.deepEqual(sent, ['POST', '/token?a=1', type, '1', 'code=a+b%26c'])
    assert.deepEqual([got.status, await got.text()], [201, 'größer'])
    assert.deepEqual(got.headers.getSetCookie(), ['a=1', 'b=2'])
  })

  for (const status of [204, 205, 304]) {
    test(`an answer ${status} has no body`, async () => {
      answer = (_, response) => response.writeHead(status).end()
      const got = await plainFetch(origin)
      assert.deepEqual([got.status, got.body], [status, null])
    })
  }

  test('follows no redirect', async () => {
    answer = (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()
    const got = await plainFetch(new URL(origin), { redirect: 'manual' })
    assert.deepEqual([got.status, got.headers.get('location')], [302, '/elsewhere'])
  })

  const text = JSON.stringify({ access_token: 'x'.repeat(5000) })
  for (const [coding, bytes] of [
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['deflate', deflateRawSync(text)],
    ['identity', Buffer.from(text)],
    ['rot13', Buffer.from(text)],
  ] as const) {
    test(`reads ${coding}, though nobody asked for it`, async () => {
      answer = (request, response) => {
        assert.equal(request.headers['accept-encoding'], undefined)
        response.writeHead(200, { 'content-encoding': coding }).end(bytes)
      }
      assert.equal(await (await plainFetch(origin)).text(), text)
    })
  }

  for (const [what, coding, bytes] of [
    ['what is not in its coding', 'gzip', Buffer.from(text)],
    ['a coding that is cut short', 'gzip', gzipSync(text).subarray(0, -20)],
  ] as const) {
    test(`fails for ${what}`, async () => {
      answer = (_, response) => response.writeHead(200, { 'content-encoding': coding }).end(bytes)
      await assert.rejects(plainFetch(origin), TypeError)
    })
  }

  test('a bomb becomes one byte over 1 MiB, and no more', async () => {
    const bomb = brotliCompressSync(Buffer.alloc(2 ** 26))
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'br' }).end(bomb)
    assert.equal((await (await plainFetch(origin)).arrayBuffer()).byteLength, 2 ** 20 + 1)
  })

  test('more than one coding is not undone: a few bytes would keep us busy for hours', async () => {
    const twice = brotliCompressSync(gzipSync(text))
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip, br' }).end(twice)
    assert.ok(Buffer.from(await (await plainFetch(origin)).arrayBuffer()).equals(twice))
  })

  test('what is being undone when the time is over is given up', async () => {
    const over = new AbortController()
    answer = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text))
      response.on('close', () => over.abort(new DOMException('late', 'TimeoutError')))
    }
    await plainFetch(origin, { signal: over.signal }).catch((error: unknown) =>
      assert.equal((error as Error).name, 'TimeoutError'),
    )
    const before = AbortSignal.abort(new DOMException('late', 'TimeoutError'))
    await assert.rejects(plainFetch(origin, { signal: before }), { name: 'TimeoutError' })
  })

  for (const phrase of ['\u9519\u8bef', 'r\u00e4tselhaft', '']) {
    test(`an answer is read whatever its reason phrase is: ${JSON.stringify(phrase)}`, async () => {
      const body = '{"error":"invalid_grant"}'
      const head = `HTTP/1.1 400 ${phrase}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
      for (const encoding of ['utf8', 'latin1'] as const) {
        answer = (request) => request.socket.end(Buffer.from(head, encoding))
        const got = await plainFetch(origin)
        assert.deepEqual([got.status, await got.text()], [400, body])
      }
    })
  }

  test('takes one byte over 1 MiB, and ends the connection', async () => {
    answer = (_, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more)
      more()
    }
    const got = await plainFetch(origin)
    assert.equal((await got.arrayBuffer()).byteLength, 2 ** 20 + 1)
  })

  for (const [what, head] of [
    ['a status that no Response has', 'HTTP/1.1 700 Odd\r\ncontent-length: 0\r\n\r\n'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ['nothing', ''],
  ] as const) {
    test(`an answer that is ${what} is an error`, async () => {
      answer = (request) => request.socket.end(head)
      await assert.rejects(plainFetch(origin), TypeError)
    })
  }

  test('interim answers and bytes beyond ASCII in a header are taken as they come', async () => {
    answer = (request) =>
      request.socket.end(
        Buffer.from(
          'HTTP/1.1 103 Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nx-name: gr\xf6\xdfe\r\ncontent-length: 2\r\n\r\nok',
          'latin1',
        ),
      )
    const got = await plainFetch(origin)
    assert.deepEqual([got.status, got.headers.get('link'), await got.text()], [200, null, 'ok'])
  })

  test('an answer that breaks off is an error', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('begun')
      setTimeout(() => response.destroy(), 20)
    }
    await assert.rejects(plainFetch(origin), TypeError)
  })

  test('a place that nobody listens at is an error, with its cause', async () => {
    await assert.rejects(plainFetch('http://127.0.0.1:1/'), (error: TypeError) => {
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'ECONNREFUSED')
      return error instanceof TypeError
    })
  })

  test('rejects with the reason of its signal, before it begins and while it waits', async () => {
    const reason = new Error('enough')
    const early = plainFetch(origin, { signal: AbortSignal.abort(reason) })
    await assert.rejects(early, (error) => error === reason)
    const given = new AbortController()
    let isGone: Promise<unknown> | undefined
    answer = (request) => {
      request.on('error', () => undefined)
      isGone = new Promise((resolve) => request.on('close', resolve))
      given.abort(reason)
    }
    const late = plainFetch(origin, { signal: given.signal })
    await assert.rejects(late, (error) => error === reason)
    await isGone
  })

  test('nothing but text can be sent, and to nothing but an address', async () => {
    const sent = plainFetch(origin, { method: 'POST', body: new Uint8Array(3) })
    await assert.rejects(sent, TypeError)
    await assert.rejects(plainFetch(new Request(origin, { method: 'POST' })), TypeError)
  })
})
