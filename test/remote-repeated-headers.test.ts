import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { namedHeaders } from '#lib/remote/answer-header-rules.ts'
import { request } from './support/raw-http.ts'
import {
  inTime,
  type RemoteFixture,
  startRawUpstream,
  startRemote,
  until,
  withRawUpstream,
} from './support/remote-fixture.ts'

const values: Readonly<Record<string, string>> = {
  'content-length': '2',
  'content-type': 'text/event-stream',
  'transfer-encoding': 'chunked',
  connection: 'keep-alive',
  location: '/there',
  'content-location': '/there',
  'www-authenticate': 'Bearer error="invalid_token"',
  'set-cookie': 'theme=dark',
}
const names = [...new Set([...namedHeaders, 'x-own', 'x-vercel-ai-a', 'sec-session-a', 'made-up'])]

describe('P15: a header that an API repeats', () => {
  let upstream: Awaited<ReturnType<typeof startRawUpstream>>
  let fixture: RemoteFixture

  before(async () => {
    upstream = await startRawUpstream((socket, text) => {
      const [, status, name = '', times] = /^GET \/(\d+)\/([^/]+)\/(\d)/.exec(text) ?? []
      const line = `${name}: ${values[name] ?? 'v'}\r\n`
      const own =
        name === 'content-length' || name === 'transfer-encoding' ? '' : 'content-length: 2\r\n'
      socket.end(`HTTP/1.1 ${status} X\r\n${own}${line.repeat(Number(times))}\r\nok`, 'latin1')
    })
    fixture = await startRemote({
      remotes: [{ target: upstream.origin, setCookie: ['theme'] }],
    })
  })
  after(async () => {
    await fixture.close()
    await upstream.close()
  })

  for (const name of names) {
    it(`named ${name} is answered, or 502, and holds nothing`, async () => {
      for (const status of [200, 401, 304]) {
        for (const times of [2, 3]) {
          const path = `/api/remote/api/${status}/${name}/${times}`
          const answer = await inTime(request(fixture.port, path))
          assert.ok([status, 502].includes(answer.status), `${status}: ${answer.status}`)
        }
      }
      await until(() => fixture.remote.inFlight === 0)
    })
  }

  it('passes as often as it came, where it passes', async () => {
    const linesOf = async (name: string) => {
      const { rawHeaders } = await request(fixture.port, `/api/remote/api/200/${name}/2`)
      return rawHeaders.filter(([it]) => it === name).length
    }
    assert.deepEqual([await linesOf('x-own'), await linesOf('content-type')], [2, 2])
    const { status } = await request(fixture.port, '/api/remote/api/200/location/2')
    assert.equal(status, 502)
  })
})

describe('P15: what is thrown after the head', () => {
  for (const [title, path, status] of [
    ['breaks the connection', '/x', 200],
    ['breaks it when the whole answer was there', '/whole', 200],
  ] as const) {
    it(`${title}, and the call is over`, async () => {
      const api = (socket: Socket, text: string) => {
        const length = text.startsWith('GET /whole') ? 2 : 3
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\nok`)
      }
      await withRawUpstream(api, { token: 'none' }, async ({ fixture }) => {
        fixture.server.prependListener('request', (_, response) => {
          const fault = () => {
            throw new Error('out of order')
          }
          response.write = fault
          response.end = fault
        })
        const seen = await inTime(
          request(fixture.port, `/api/remote/api${path}`).catch(() => undefined),
        )
        assert.ok(seen === undefined || (seen.status === status && !seen.complete))
      })
    })
  }

  it('breaks it also where a stream of events is taken note of', async () => {
    const api = (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n')
    }
    await withRawUpstream(api, { token: 'none' }, async ({ fixture }) => {
      fixture.server.prependListener('request', (_, response) => {
        const on = response.on.bind(response)
        // The second listener for `close` of ours is the stream's.
        let count = 0
        response.on = (event: string, listener: (...args: never[]) => void) => {
          if (event === 'close' && ++count === 2) throw new Error('out of order')
          return on(event, listener as never)
        }
      })
      await inTime(request(fixture.port, '/api/remote/api/x').catch(() => undefined))
    })
  })
})
