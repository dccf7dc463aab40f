import type { Socket } from 'node:net'
import { isMarkedAsUntransferable } from 'node:worker_threads'

/** Smaller ones may share their memory with others, and are no burden. */
const minFreedBytes = 16 * 1024

const passed = Symbol('passed on, and of no other use')

/** It is all of its memory, so that nothing else can lie there. */
function isWhole(chunk: Uint8Array): boolean {
  return chunk.length >= minFreedBytes && chunk.length === chunk.buffer.byteLength
}

/**
 * Gives the memory of chunks back at once, when the system has what was in it. Left to the garbage collection, the chunks of a
 * large body make a process grow by tens of megabytes, and the search for them costs more than to pass them on. Whoever still
 * had the chunk would find it empty.
 */
export function free(memory: ArrayBufferLike): void {
  if (!(memory instanceof ArrayBuffer) || memory.byteLength < minFreedBytes) return
  // Node's pool, out of which small buffers are cut, is everybody's, and marked so. Node 22 would give it away.
  if (isMarkedAsUntransferable(memory)) return
  try {
    memory.transfer(0)
  } catch {
    // WebAssembly's memory cannot be given away: it stays.
  }
}

/** Marks a chunk that is sent once, and that nobody looks at then. */
export function sendOnce<Chunk extends Uint8Array>(chunk: Chunk): Chunk {
  if (isWhole(chunk)) Object.defineProperty(chunk, passed, { value: true })
  return chunk
}

/** Frees what `sendOnce` has marked when it has been written to this socket. */
export function freeWhatIsSent(socket: Pick<Socket, 'write'>): void {
  const { write } = socket
  socket.write = function (this: Socket, chunk: unknown, ...rest: unknown[]): boolean {
    const isMarked = chunk instanceof Uint8Array && passed in chunk && rest.length === 0
    if (isMarked) rest.push((error: unknown) => error || free(chunk.buffer))
    return Reflect.apply(write, this, [chunk, ...rest])
  } as Socket['write']
}
