import type { Server } from 'node:net'

/** Of a turn: what comes later in it is not seen. */
const quickMs = 0.2
/** Under a load that never pauses the listener closes all the same. */
const patienceMs = 1_000

/**
 * Takes what the kernel has already connected for us: whoever is left in its queue when the listener closes gets a
 * reset. The event loop takes one connection a turn, so this is over after a turn that brought none, was quick, and
 * ended right behind the poll for connections (which comes before `setImmediate`): close then, at once.
 */
export async function emptyBacklog(server: Server): Promise<void> {
  let taken = 0
  const count = () => {
    taken += 1
  }
  server.on('connection', count)
  const from = performance.now()
  // Between here and there may be no poll: what called this may have come out of one.
  await new Promise(setImmediate)
  for (;;) {
    const [before, startedAt] = [taken, performance.now()]
    await new Promise(setImmediate)
    const now = performance.now()
    if ((taken === before && now - startedAt < quickMs) || now - from > patienceMs) break
  }
  server.off('connection', count)
}
