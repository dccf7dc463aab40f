import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer, type Http2ServerRequest } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { request } from './support/raw-http.ts'
import { inTime, startRemote, until } from './support/remote-fixture.ts'
import { selfSigned } from './support/self-signed.ts'

/** An API over TLS that speaks both versions. */
async function startSecureUpstream(cert: { key: string; cert: string }) {
  const requests: Http2ServerRequest[] = []
  let aborted = 0
  let sessions = 0
  const server = createSecureServer({ ...cert, allowHTTP1: true }, (incoming, response) => {
    requests.push(incoming)
    incoming.on('error', () => undefined)
    response.on('close', () => {
      if (!response.writableEnded) aborted += 1
    })
    if (incoming.url === '/hang') return void response.writeHead(200).write('part')
    if (incoming.url === '/refuse' && requests.length % 2 === 1) {
      return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end('no')
    }
    if (incoming.url === '/early-hints') {
      const hint = setInterval(() => response.stream.additionalHeaders({ ':status': 103 }), 50)
      return void response.on('close', () => clearInterval(hint))
    }
    if (incoming.url === '/break') {
      response.writeHead(200).write('part')
      const stop = () =>
        incoming.httpVersion === '2.0' ? incoming.stream.close(2) : incoming.socket.destroy()
      return void setTimeout(stop, 20)
    }
    response.writeHead(200, { 'content-type': 'text/plain', 'x-version': incoming.httpVersion })
    incoming.pipe(response)
  })
  server.on('session', () => {
    sessions += 1
  })
  server.on('sessionError', () => undefined)
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    requests,
    origin: `https://127.0.0.1:${port}`,
    abortedCount: () => aborted,
    sessionCount: () => sessions,
    async close() {
      server.close()
      await once(server, 'close')
    },
  }
}

const certificate = await selfSigned()

describe('a remote over TLS', () => {
  const system = getCACertificates('default')
  before(() => setDefaultCACertificates([certificate.cert]))
  after(() => setDefaultCACertificates(system))

  for (const [http2, version] of [
    [false, '1.1'],
    [true, '2.0'],
  ] as const) {
    it(`speaks HTTP/${version} where http2 is ${http2}, in both directions`, async () => {
      const upstream = await startSecureUpstream(certificate)
      const fixture = await startRemote({ remotes: [{ target: upstream.origin, http2 }] })
      for (const size of [0, 5, 300_000]) {
        const body = 'x'.repeat(size)
        const options = { method: 'POST', body, headers: { 'X-App': 'a', accept: 'b' } }
        const answer = await request(fixture.port, '/api/remote/api/echo?a=b', options)
        assert.deepEqual([answer.status, answer.body.length], [200, size])
        assert.equal(answer.headers['x-version'], version)
        assert.equal(answer.headers['cache-control'], 'private, no-store')
        assert.equal(answer.headers[':status'], undefined)
      }
      const [first] = upstream.requests
      assert.equal(first?.url, '/echo?a=b')
      assert.equal(first?.headers.authorization, 'Bearer token-of-alice')
      assert.equal(first?.headers.cookie, undefined)
      await fixture.close()
      await upstream.close()
    })

    it(`HTTP/${version}: retries after a 401, and breaks off what breaks off`, async () => {
      const upstream = await startSecureUpstream(certificate)
      const fixture = await startRemote({
        remotes: [{ target: upstream.origin, http2 }],
        userToken: async (_, { rejected }) => ({ kind: 'bearer', token: rejected ? 'b' : 'a' }),
      })
      assert.equal((await request(fixture.port, '/api/remote/api/refuse')).status, 200)
      const broken = await request(fixture.port, '/api/remote/api/break')
      assert.deepEqual([broken.status, broken.body, broken.complete], [200, 'part', false])
      await fixture.idle()
      await fixture.close()
      await upstream.close()
    })

    it(`HTTP/${version}: cancels what the client leaves`, async () => {
      const upstream = await startSecureUpstream(certificate)
      const fixture = await startRemote({ remotes: [{ target: upstream.origin, http2 }] })
      const abort = new AbortController()
      const answer = await fetch(`http://127.0.0.1:${fixture.port}/api/remote/api/hang`, {
        headers: { cookie: 'sid=alice', 'x-csrf': '1' },
        signal: abort.signal,
      })
      assert.equal(answer.status, 200)
      abort.abort()
      await until(() => upstream.abortedCount() === 1)
      await fixture.idle()
      await fixture.close()
      await upstream.close()
    })
  }

  it('P7: is connected to anew within a minute, and what is under way ends on the old connection', async (t) => {
    const upstream = await startSecureUpstream(certificate)
    const fixture = await startRemote({ remotes: [{ target: upstream.origin, http2: true }] })
    const post = (body: string) =>
      request(fixture.port, '/api/remote/api/echo', { method: 'POST', body })
    await post('one')
    await post('two')
    assert.equal(upstream.sessionCount(), 1)
    const abort = new AbortController()
    const hanging = await fetch(`http://127.0.0.1:${fixture.port}/api/remote/api/hang`, {
      headers: { cookie: 'sid=alice', 'x-csrf': '1' },
      signal: abort.signal,
    })
    const now = Date.now
    t.mock.method(Date, 'now', () => now() + 60_000)
    assert.equal((await post('three')).body, 'three')
    assert.equal(upstream.sessionCount(), 2)
    assert.equal(upstream.abortedCount(), 0)
    assert.equal(hanging.status, 200)
    abort.abort()
    await until(() => upstream.abortedCount() === 1)
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('is 502 when its certificate is not to be trusted', async () => {
    const upstream = await startSecureUpstream(await selfSigned())
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const answer = await request(fixture.port, '/api/remote/api/x')
    assert.equal(JSON.parse(answer.body).code, 'upstream_unreachable')
    assert.equal(upstream.requests.length, 0)
    await fixture.close()
    await upstream.close()
  })

  it('P31: is waited for no longer than it may take, though early hints come for ever', async () => {
    const upstream = await startSecureUpstream(certificate)
    const remotes = [{ target: upstream.origin, http2: true, idleTimeoutMs: 500 }]
    const fixture = await startRemote({ remotes })
    const answer = await inTime(request(fixture.port, '/api/remote/api/early-hints'))
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [504, 'upstream_timeout'])
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })
})
