import assert from 'node:assert/strict'
import { test } from 'node:test'
import { free, freeWhatIsSent, sendOnce } from './passed-chunk.ts'

type Written = (error?: Error | null) => void

/** A socket that writes when it is told to. */
function slowSocket() {
  const waiting: (Written | undefined)[] = []
  const socket = {
    write(_chunk: unknown, done?: Written) {
      waiting.push(done)
      return true
    },
  }
  freeWhatIsSent(socket as never)
  return { ...socket, waiting }
}

const chunkOf = (bytes: number) => Buffer.from(new ArrayBuffer(bytes))

test('P5: a chunk that is sent once is freed when it was written, and not before', () => {
  const { write, waiting } = slowSocket()
  const chunk = sendOnce(chunkOf(65_536))
  write(chunk)
  assert.equal(chunk.length, 65_536)
  waiting[0]?.(null)
  assert.equal(chunk.length, 0)
})

test('P5: memory that cannot be given back is no error', () => {
  const { buffer } = new WebAssembly.Memory({ initial: 1 })
  free(buffer)
  free(new SharedArrayBuffer(65_536))
  assert.equal(buffer.byteLength, 65_536)
})

test('P5: the pool that Node cuts small buffers from stays, whatever its size', () => {
  const usual = Buffer.poolSize
  Buffer.poolSize = 65_536
  // A new pool is made when the old one is used up.
  const cut = Array.from({ length: 8 }, () => Buffer.allocUnsafe(4000)).at(-1) ?? Buffer.of()
  Buffer.poolSize = usual
  assert.equal(cut.buffer.byteLength, 65_536)
  free(cut.buffer)
  assert.equal(cut.length, 4000)
})

for (const [what, chunk, error] of [
  ['that nobody marked', chunkOf(65_536), undefined],
  ['that is small', sendOnce(chunkOf(1000)), undefined],
  ['that is part of a larger piece', sendOnce(chunkOf(65_536).subarray(1)), undefined],
  ['whose write failed', sendOnce(chunkOf(65_536)), new Error('reset')],
] as const) {
  test(`P5: a chunk ${what} stays`, () => {
    const { write, waiting } = slowSocket()
    const { length } = chunk
    write(chunk)
    waiting[0]?.(error)
    assert.equal(chunk.length, length)
  })
}
