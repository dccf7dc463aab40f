import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What this process holds on to, in bytes: heap and buffers, after everything that can go has gone. */
export async function liveMemory(): Promise<number> {
  for (let i = 0; i < 3; i += 1) {
    collect()
    // Finalizers run between two turns.
    await sleep(10)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
