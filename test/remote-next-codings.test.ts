import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { handleWebRemote } from '#lib/hosts/web-remote.ts'
import { encode, streamingCoders } from './support/content-codings.ts'
import { browserHeaders } from './support/raw-http.ts'
import { type RemoteFixture, startRemote, startUpstream } from './support/remote-fixture.ts'

const url = 'https://app.example/api/remote/api'

describe('P16: a compressed answer', () => {
  const send = (fixture: RemoteFixture, init: RequestInit = {}) =>
    handleWebRemote(
      fixture.remote,
      new Request(url, { ...init, headers: { ...browserHeaders, ...init.headers } }),
    )

  it('is not asked for, and what its coding made of the head is undone', async () => {
    const coded = gzipSync('{"ok":true}')
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, {
        ...{ 'content-encoding': 'gzip', 'content-length': coded.length, etag: '"1"' },
        ...{ 'accept-ranges': 'bytes', 'repr-digest': 'sha-256=:x:', 'x-kept': '1' },
      })
      response.end(coded)
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (const method of ['GET', 'HEAD']) {
      const headers = { 'accept-encoding': 'gzip, br' }
      const response = await send(fixture, { method, headers })
      assert.equal(await response.text(), method === 'GET' ? '{"ok":true}' : '')
      assert.equal(upstream.requests.at(-1)?.headers['accept-encoding'], 'identity')
      for (const name of ['content-encoding', 'content-length', 'accept-ranges', 'repr-digest']) {
        assert.equal(response.headers.get(name), null, name)
      }
      assert.equal(response.headers.get('etag'), 'W/"1"')
      assert.equal(response.headers.get('x-kept'), '1')
    }
    await fixture.close()
    await upstream.close()
  })

  it('is decoded from the last coding to the first', async () => {
    const stacks = ['gzip, br', 'br, deflate', 'zstd, bare', 'deflate, zstd, gzip', 'bare']
    let codings = ''
    const plain = Buffer.from('ü 漢 🎟'.repeat(1000))
    const upstream = await startUpstream((_, response) => {
      const headers = { 'content-encoding': codings.replace('bare', 'deflate') }
      response.writeHead(200, headers).end(encode(plain, codings))
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (codings of stacks) {
      const body = Buffer.from(await (await send(fixture)).arrayBuffer())
      assert.ok(body.equals(plain), codings)
    }
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('is validated by the tag that it was given', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(304, { etag: '"1"' }).end()
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    for (const etag of ['W/"1"', '"1"']) {
      const response = await send(fixture, { headers: { 'if-none-match': etag } })
      assert.deepEqual([response.status, response.headers.get('etag')], [304, etag])
    }
    await fixture.close()
    await upstream.close()
  })

  it('is 502 when it is a part, which nobody could decode', async () => {
    const upstream = await startUpstream((_, response) => {
      const headers = { 'content-encoding': 'gzip', 'content-range': 'bytes 0-1/10' }
      response.writeHead(206, headers).end('ab')
    })
    const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
    const response = await send(fixture, { headers: { range: 'bytes=0-1' } })
    assert.equal(response.status, 502)
    await response.text()
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  for (const [coding, create] of Object.entries(streamingCoders)) {
    it(`arrives as it is sent: ${coding}`, async () => {
      let next = () => {}
      const upstream = await startUpstream((_, response) => {
        const headers = { 'content-type': 'text/event-stream', 'content-encoding': coding }
        const coder = create()
        coder.pipe(response.writeHead(200, headers))
        let events = 0
        next = () => {
          events += 1
          coder.write(`data: ${events} 漢\n\n`)
          if (events === 3) coder.end()
          else coder.flush()
        }
        next()
      })
      const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
      const reader = (await send(fixture)).body?.getReader() ?? assert.fail('no body')
      for (const n of [1, 2, 3]) {
        const { value } = await reader.read()
        assert.equal(Buffer.from(value ?? []).toString(), `data: ${n} 漢\n\n`)
        if (n < 3) next()
      }
      assert.equal((await reader.read()).done, true)
      await fixture.idle()
      await fixture.close()
      await upstream.close()
    })

    it(`that is broken is an error to its reader: ${coding}`, async () => {
      const plain = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * i * 31) >> 7))
      const whole = encode(plain, coding)
      const bodies = [whole.subarray(0, -20), Buffer.from('this is none'), encode(whole, 'gzip')]
      let body = whole
      const upstream = await startUpstream((_, response) => {
        response.writeHead(200, { 'content-encoding': `${coding}, identity` }).end(body)
      })
      const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
      assert.ok(Buffer.from(await (await send(fixture)).arrayBuffer()).equals(plain))
      for (body of bodies.slice(0, coding === 'gzip' ? 2 : 3)) {
        await assert.rejects((await send(fixture)).arrayBuffer(), `${body.subarray(0, 8)}`)
        await fixture.idle()
      }
      await fixture.close()
      await upstream.close()
    })

    it(`is not held in memory, whatever it swells to: ${coding}`, async () => {
      const mebibyte = Buffer.alloc(1024 * 1024)
      const upstream = await startUpstream((_, response) => {
        const coder = create()
        coder.pipe(response.writeHead(200, { 'content-encoding': coding }))
        coder.on('error', () => undefined)
        response.on('close', () => coder.destroy())
        for (let i = 0; i < 256; i += 1) coder.write(mebibyte)
        coder.end()
      })
      const fixture = await startRemote({ remotes: [{ target: upstream.origin }] })
      const reader = (await send(fixture)).body?.getReader() ?? assert.fail('no body')
      await reader.read()
      let [before, now] = [-1, 0]
      while (now !== before) {
        before = now
        await new Promise((resolve) => setTimeout(resolve, 100))
        now = Math.round(process.memoryUsage().arrayBuffers / mebibyte.length)
      }
      assert.ok(now < 64, `${now} MiB are held`)
      await reader.cancel()
      await fixture.idle()
      await fixture.close()
      await upstream.close()
    })
  }
})
