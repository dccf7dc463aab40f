import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { handleWebRemote } from '#lib/hosts/web-remote.ts'
import { browserHeaders } from './support/raw-http.ts'
import { startRemote, startUpstream, until } from './support/remote-fixture.ts'

const url = 'https://app.example/api/remote/api'

describe('the proxy inside Next', () => {
  it('passes a call and its answer on, with the token and without the cookie', async () => {
    const upstream = await startUpstream()
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const request = new Request(`${url}/a?b=%20c`, { headers: browserHeaders })
    const response = await handleWebRemote(fixture.remote, request)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('cache-control'), 'private, no-store')
    assert.deepEqual(await response.json(), { ok: true })
    const [seen] = upstream.requests
    assert.equal(seen?.url, '/a?b=%20c')
    assert.equal(seen?.headers.authorization, 'Bearer token-of-alice')
    assert.equal(seen?.headers.cookie, undefined)
    assert.equal(seen?.headers['x-forwarded-for'], undefined)
    await fixture.close()
    await upstream.close()
  })

  it('P2: takes no client’s word for what was asked', async () => {
    const upstream = await startUpstream()
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const forged = `${Buffer.from('/api/remote/api/forged').toString('base64url')}.GET`
    for (const value of [`word.${forged}`, `undefined.${forged}`, `.${forged}`, forged]) {
      const headers = { ...browserHeaders, 'x-cloakroom-target': value }
      await (await handleWebRemote(fixture.remote, new Request(`${url}/a`, { headers }))).text()
      assert.equal(upstream.requests.at(-1)?.url, '/a')
    }
    await fixture.close()
    await upstream.close()
  })

  it('P34: lets the forwarded address through only where the platform is trusted', async () => {
    const upstream = await startUpstream()
    const headers = { ...browserHeaders, 'x-forwarded-for': '203.0.113.9' }
    for (const [trustProxy, expected] of [
      ['none', undefined],
      ['vercel', '203.0.113.9'],
      // Whose address is not known cannot be named.
      [['0.0.0.0/0', '::/0', 'unix'], undefined],
    ] as const) {
      const fixture = await startRemote({ remotes: [{ target: upstream.origin }], trustProxy })
      await (await handleWebRemote(fixture.remote, new Request(url, { headers }))).text()
      assert.equal(upstream.requests.at(-1)?.headers['x-forwarded-for'], expected)
      await fixture.close()
    }
    await upstream.close()
  })

  it('P5: streams a body up and back down, however its length is told', async () => {
    const upstream = await startUpstream((incoming, response) => incoming.pipe(response))
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const chunk = Buffer.alloc(100_000, 'x')
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1
        if (sent > 20) controller.close()
        else controller.enqueue(chunk)
      },
    })
    const init = { method: 'POST', body, duplex: 'half', headers: browserHeaders }
    const response = await handleWebRemote(fixture.remote, new Request(url, init as RequestInit))
    assert.equal((await response.arrayBuffer()).byteLength, 2_000_000)
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('P5: reads no further ahead of a slow reader than its buffers hold', async () => {
    let written = 0
    const upstream = await startUpstream((_, response) => {
      const write = () => {
        let more = true
        while (more && !response.destroyed) {
          written += 64 * 1024
          more = response.write(Buffer.alloc(64 * 1024))
        }
      }
      response.on('drain', write)
      write()
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const request = new Request(url, { headers: browserHeaders })
    const reader = (await handleWebRemote(fixture.remote, request)).body?.getReader()
    await reader?.read()
    let before = -1
    while (written !== before) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.ok(written < 16 * 1024 * 1024, `read ${written} bytes ahead`)
    await reader?.cancel()
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('P6: an aborted request cancels the upstream call', async () => {
    let closed = 0
    const upstream = await startUpstream((_, response) => {
      response.on('close', () => {
        closed += 1
      })
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const abort = new AbortController()
    const request = new Request(url, { headers: browserHeaders, signal: abort.signal })
    const response = handleWebRemote(fixture.remote, request)
    await until(() => upstream.requests.length === 1)
    abort.abort()
    assert.equal((await response).status, 499)
    await until(() => closed === 1)
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('P6: an answer that breaks off is an error to its reader', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('part')
      setTimeout(() => response.destroy(), 20)
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const response = await handleWebRemote(
      fixture.remote,
      new Request(url, { headers: browserHeaders }),
    )
    await assert.rejects(response.text())
    await fixture.close()
    await upstream.close()
  })

  it('answers HEAD, 204 and 304 without a body', async () => {
    const upstream = await startUpstream((incoming, response) => {
      response.writeHead(Number(incoming.url?.slice(1)), { etag: '"1"' }).end()
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ] as const) {
      const request = new Request(`${url}/${status}`, { method, headers: browserHeaders })
      const response = await handleWebRemote(fixture.remote, request)
      assert.deepEqual([response.status, await response.text()], [status, ''])
    }
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })
})
