import assert from 'node:assert/strict'
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRemote, startUpstream } from './support/remote-fixture.ts'

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Pieces of every size, the smallest that are given back at once among them, and pauses. */
async function* inPieces(body: Buffer) {
  for (let at = 0; at < body.length; ) {
    const size = randomInt(2) === 1 ? randomInt(1, 200_000) : 16 * 1024
    yield body.subarray(at, at + size)
    at += size
    if (randomInt(8) === 0) await sleep(1)
  }
}

async function read(stream: Readable, isSlow: boolean): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) {
    // A copy: what is read here may not depend on what happens to it later.
    chunks.push(Buffer.from(chunk))
    if (isSlow && randomInt(6) === 0) await sleep(2)
  }
  return Buffer.concat(chunks)
}

describe('P5: the memory of a chunk goes when it was sent', () => {
  for (const framing of ['with a length', 'in chunks']) {
    for (const speed of ['fast', 'slow']) {
      it(`${framing}, to who is ${speed}: every byte arrives, both ways, beside others`, async () => {
        const isSlow = speed === 'slow'
        const upstream = await startUpstream(async (incoming, outgoing) => {
          const body = await read(incoming, isSlow)
          if (framing === 'with a length') outgoing.setHeader('content-length', body.length)
          await pipeline(Readable.from(inPieces(body)), outgoing)
        })
        const { port, close } = await startRemote({ remotes: [{ target: upstream.origin }] })
        const bodies = Array.from({ length: 6 }, () => randomBytes(randomInt(1_000_000, 4_000_000)))
        const echoed = bodies.map(async (body) => {
          const asked = request({
            ...{ port, path: '/api/remote/api/echo', method: 'POST' },
            headers: {
              ...{ host: 'app.example', cookie: 'sid=alice', 'x-csrf': '1' },
              ...(framing === 'with a length' ? { 'content-length': body.length } : {}),
            },
          })
          const answer = new Promise<Readable>((resolve, reject) => {
            asked.on('response', resolve).on('error', reject)
          })
          await pipeline(Readable.from(inPieces(body)), asked)
          return hashOf(await read(await answer, isSlow))
        })
        assert.deepEqual(await Promise.all(echoed), bodies.map(hashOf))
        await close()
        await upstream.close()
      })
    }
  }

  it('but on a server of somebody else’s nothing is taken from who keeps the chunks', async () => {
    const body = randomBytes(2_000_000)
    const upstream = await startUpstream(async (incoming, outgoing) => {
      await pipeline(incoming, outgoing)
    })
    const { port, server, close } = await startRemote({
      remotes: [{ target: upstream.origin }],
      chunks: 'shared',
    })
    const kept: Record<'sent' | 'answered', Buffer[]> = { sent: [], answered: [] }
    server.prependListener('request', (incoming, outgoing) => {
      incoming.on('data', (chunk) => kept.sent.push(chunk))
      for (const name of ['write', 'end'] as const) {
        const send = outgoing[name].bind(outgoing) as (...args: unknown[]) => never
        outgoing[name] = (chunk: unknown, ...rest: unknown[]) => {
          if (chunk instanceof Buffer) kept.answered.push(chunk)
          return send(chunk, ...rest)
        }
      }
    })
    const answer = await fetch(`http://127.0.0.1:${port}/api/remote/api/echo`, {
      method: 'POST',
      headers: { host: 'app.example', cookie: 'sid=alice', 'x-csrf': '1' },
      body,
    })
    assert.equal(hashOf(await answer.bytes()), hashOf(body))
    assert.deepEqual(
      [hashOf(Buffer.concat(kept.sent)), hashOf(Buffer.concat(kept.answered))],
      [hashOf(body), hashOf(body)],
    )
    await close()
    await upstream.close()
  })
})
