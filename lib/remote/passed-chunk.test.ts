import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freeWhatIsSent, sendOnce } from './passed-chunk.ts'

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
