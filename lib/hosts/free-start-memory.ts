import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (how: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

/**
 * What a start leaves behind, sources and first compilations above all, stays with the process until its memory has
 * doubled. V8 gives it back when it is asked to, which takes some ten milliseconds: to be called before anybody waits.
 */
export function freeStartMemory(): void {
  // There is no other way to it without a flag on the command line.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('globalThis.gc') as Collect | undefined
  setFlagsFromString('--no-expose-gc')
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
