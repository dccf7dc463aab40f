import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BodyError, PassingBody } from './request-body.ts'

const idleMs = 50
const maxBytes = Number.POSITIVE_INFINITY

test('P7: a client waits for the API as long as it must, and is waited for as long as it may', async () => {
  const source = new PassThrough({ highWaterMark: 2_000_000 })
  const body = new PassingBody(source, { maxBytes, idleMs })
  source.write(Buffer.alloc(1_000_000))
  // One look starts the clock; then the API takes nothing, and the buffer is full.
  body.read(0)
  await sleep(4 * idleMs)
  assert.equal(body.destroyed, false)
  assert.ok(body.readableLength > 0)

  // The API goes on, and now it is the client that has nothing more to say.
  let received = 0
  body.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  const [error] = await once(body, 'error')
  assert.ok(error instanceof BodyError)
  assert.equal(error.code, 'request_timeout')
  assert.equal(received, 1_000_000)
})

test('P9: a body is counted while it passes', async () => {
  const source = new PassThrough()
  const body = new PassingBody(source, { maxBytes: 10, idleMs })
  body.resume()
  source.write(Buffer.alloc(11))
  const [error] = await once(body, 'error')
  assert.equal((error as BodyError).code, 'body_too_large')
})
