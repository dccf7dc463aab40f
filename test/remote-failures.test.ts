import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { rawRequest, request } from './support/raw-http.ts'
import { startRawUpstream, startRemote, startUpstream } from './support/remote-fixture.ts'

const head = 'host: app.example\r\nsec-fetch-site: same-origin\r\ncookie: sid=alice\r\n'
const codeOf = (answer: { body: string }) => JSON.parse(answer.body).code

describe('P7: an API that is slow, silent or not there', () => {
  it('is 504 when it does not answer in time, and when a body stops in time the answer breaks', async () => {
    const upstream = await startUpstream((incoming, response) => {
      if (incoming.url === '/part') response.writeHead(200).write('part')
    })
    const remotes = [{ target: upstream.origin, idleTimeoutMs: 1000 }]
    const fixture = await startRemote({ remotes })
    const silent = await request(fixture.port, '/api/remote/api/silent')
    assert.deepEqual([silent.status, codeOf(silent)], [504, 'upstream_timeout'])
    const part = await request(fixture.port, '/api/remote/api/part')
    assert.deepEqual([part.status, part.body, part.complete], [200, 'part', false])
    await fixture.close()
    await upstream.close()
  })

  it('is 502 when it refuses connections; then 503 at once; and served again when it is back', async () => {
    let now = 0
    const upstream = await startUpstream()
    await upstream.close()
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }], now: () => now })
    const get = () => request(fixture.port, '/api/remote/api/x')
    for (let i = 0; i < 5; i += 1) assert.equal(codeOf(await get()), 'upstream_unreachable')
    const refused = await get()
    assert.deepEqual([refused.status, codeOf(refused)], [503, 'upstream_circuit_open'])
    assert.ok(refused.headers['retry-after'])
    now += 1000
    assert.equal(codeOf(await get()), 'upstream_unreachable')
    assert.equal(codeOf(await get()), 'upstream_circuit_open')
    upstream.server.listen(upstream.port, '127.0.0.1')
    await once(upstream.server, 'listening')
    now += 2000
    for (let i = 0; i < 3; i += 1) assert.equal((await get()).status, 200)
    const names = fixture.events.map(({ event }) => event).filter((name) => /circuit/.test(name))
    assert.deepEqual(names, ['remote.circuit_opened', 'remote.circuit_closed'])
    await fixture.close()
    await upstream.close()
  })

  it('is 408 to a client that stops in mid-upload', async () => {
    const upstream = await startUpstream((incoming) =>
      incoming.on('error', () => undefined).resume(),
    )
    const remotes = [{ target: upstream.origin, idleTimeoutMs: 500 }]
    const fixture = await startRemote({ remotes })
    for (const length of [1000, 100_000]) {
      const answer = await rawRequest(
        fixture.port,
        `POST /api/remote/api/x HTTP/1.1\r\n${head}content-length: ${length}\r\n\r\npart`,
      )
      assert.deepEqual([answer.status, codeOf(answer)], [408, 'request_timeout'], String(length))
    }
    await fixture.close()
    await upstream.close()
  })

  for (const [title, bytes] of [
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 999999 OK\r\n\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n`],
    [
      'a header that cannot be passed on',
      'HTTP/1.1 200 OK\r\nx: a\u0001b\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    ],
    ['another coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ] as const) {
    it(`is 502 when it answers with ${title}`, async () => {
      const upstream = await startRawUpstream((socket) => void socket.end(bytes, 'latin1'))
      const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
      const answer = await request(fixture.port, '/api/remote/api/x')
      assert.deepEqual([answer.status, codeOf(answer)], [502, 'upstream_bad_answer'])
      await fixture.close()
      await upstream.close()
    })
  }
})
