import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { rawRequest, request } from './support/raw-http.ts'
import { inTime, until, withRawUpstream } from './support/remote-fixture.ts'

const head = 'host: app.example\r\nsec-fetch-site: same-origin\r\ncookie: sid=alice\r\n'
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const interim = (status: number) => `HTTP/1.1 ${status} Wait\r\nlink: </a>\r\n\r\n`

/** Says the same again and again, until its connection is gone. */
function repeat(socket: Socket, text: string): void {
  socket.write(text)
  const timer = setInterval(() => socket.write(text), 50)
  socket.on('close', () => clearInterval(timer))
}

describe('P21: interim answers of an API', () => {
  for (const [title, ...parts] of [
    ['100', interim(100)],
    ['102', interim(102)],
    ['103', interim(103)],
    ['a 100 that is cut in two', 'HTTP/1.1 1', '00 Continue\r', '\n\r\n'],
    ['many of them', [100, 103, 100, 102, 199].map(interim).join('')],
  ] as const) {
    it(`do no harm: ${title}`, async () => {
      let calls = 0
      const api = async (socket: Socket) => {
        calls += 1
        for (const part of parts) {
          socket.write(part)
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        socket.write(ok)
      }
      await withRawUpstream(api, {}, async ({ fixture, upstream }) => {
        for (const body of [undefined, 'a=1']) {
          for (let i = 0; i < 2; i += 1) {
            const method = body === undefined ? 'GET' : 'POST'
            const answer = await request(fixture.port, '/api/remote/api/x', {
              method,
              ...(body ? { body } : {}),
            })
            assert.deepEqual([answer.status, answer.body, answer.complete], [200, 'ok', true])
            assert.equal(answer.headers.link, undefined)
          }
        }
        assert.deepEqual([calls, upstream.sockets.size], [4, 1])
      })
    })
  }
})

describe('P31: the time to the final head', () => {
  for (const status of [100, 102, 103]) {
    it(`is ours to measure, though ${status} comes for ever`, async () => {
      const api = (socket: Socket) => repeat(socket, interim(status))
      await withRawUpstream(api, { idleTimeoutMs: 500 }, async ({ fixture, upstream }) => {
        const answer = await inTime(request(fixture.port, '/api/remote/api/x'))
        assert.deepEqual([answer.status, JSON.parse(answer.body).code], [504, 'upstream_timeout'])
        await until(() => upstream.sockets.size === 0)
      })
    })
  }

  it('begins when the body has been sent, and goes on when the API takes none of it', async () => {
    const api = (socket: Socket, text: string) => {
      if (text.startsWith('POST /takes')) repeat(socket, interim(102))
      if (text.includes('LAST')) socket.write(ok)
      if (text.startsWith('POST /stops')) {
        repeat(socket, interim(102))
        socket.pause()
      }
    }
    await withRawUpstream(api, { idleTimeoutMs: 400 }, async ({ fixture }) => {
      const slow = connect(fixture.port, '127.0.0.1')
      slow.write(`POST /api/remote/api/takes HTTP/1.1\r\n${head}transfer-encoding: chunked\r\n\r\n`)
      for (let i = 0; i < 12; i += 1) {
        slow.write('3\r\nabc\r\n')
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      slow.write('4\r\nLAST\r\n0\r\n\r\n')
      const [data] = await once(slow, 'data')
      assert.match(String(data), /^HTTP\/1.1 200 /)
      slow.destroy()
      const size = 20_000_000
      const stopped = await inTime(
        rawRequest(
          fixture.port,
          `POST /api/remote/api/stops HTTP/1.1\r\n${head}content-length: ${size}\r\n\r\n${'x'.repeat(size)}`,
        ),
      )
      assert.deepEqual([stopped.status, JSON.parse(stopped.body).code], [504, 'upstream_timeout'])
    })
  })

  it('is bounded for the handshake of a WebSocket too', async () => {
    const api = (socket: Socket) => repeat(socket, interim(103))
    await withRawUpstream(
      api,
      { idleTimeoutMs: 500, websocket: true },
      async ({ fixture, upstream }) => {
        const answer = await inTime(
          rawRequest(
            fixture.port,
            `GET /api/remote/api/x HTTP/1.1\r\n${head}origin: https://app.example\r\nconnection: upgrade\r\n` +
              'upgrade: websocket\r\nsec-websocket-key: eHh4eHh4eHh4eHh4eHh4eA==\r\nsec-websocket-version: 13\r\n\r\n',
          ),
        )
        assert.equal(answer.status, 504)
        await until(() => upstream.sockets.size === 0)
      },
    )
  })
})
