import { setTimeout as sleep } from 'node:timers/promises'
import { connectPlainly } from './redis-dial.ts'
import type { ServerWire } from './server-link.ts'

/** Asks servers about each other: the sentinels of a master, the nodes of a cluster. */
export interface RedisAsker {
  /** By a connection that is kept. Rejects after `timeoutMs` at the latest. */
  ask(url: string, args: readonly string[]): Promise<unknown>
  close(): void
}

export function createRedisAsker(timeoutMs: number): RedisAsker {
  const wires = new Map<string, Promise<ServerWire>>()
  const closing = new AbortController()

  function lose(url: string, wire: Promise<ServerWire>): void {
    if (wires.get(url) === wire) wires.delete(url)
    wire.then(
      (it) => it.destroy(),
      () => {},
    )
  }

  function wireTo(url: string): Promise<ServerWire> {
    const known = wires.get(url)
    if (known) return known
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)])
    const wire: Promise<ServerWire> = connectPlainly({ url, signal, onLost: () => lose(url, wire) })
    wires.set(url, wire)
    wire.catch(() => lose(url, wire))
    return wire
  }

  return {
    async ask(url, args) {
      const wire = wireTo(url)
      const late = new AbortController()
      try {
        const reply = (async () => (await wire).send(args))()
        const timer = sleep(timeoutMs, undefined, { ref: false, signal: late.signal })
        return await Promise.race([
          reply,
          timer.then(async () => {
            // After a pause of this process the answer may lie there already.
            await new Promise<void>((resolve) => setImmediate(resolve))
            throw new Error(`no answer within ${timeoutMs} ms`)
          }),
        ])
      } catch (cause) {
        lose(url, wire)
        throw cause
      } finally {
        late.abort()
      }
    },
    close() {
      closing.abort()
      for (const [url, wire] of wires) lose(url, wire)
    },
  }
}

/** What more than half of those who were to be asked agree on; undefined when they do not. */
export function majorityOf(answers: readonly (string | undefined)[]): string | undefined {
  const counts = new Map<string, number>()
  for (const answer of answers) {
    if (answer === undefined) continue
    const count = (counts.get(answer) ?? 0) + 1
    if (count > answers.length / 2) return answer
    counts.set(answer, count)
  }
  return undefined
}
