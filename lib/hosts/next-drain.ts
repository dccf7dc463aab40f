import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Frontends } from '../frontends/frontends.ts'
import { createShutdown } from './shutdown.ts'
import { anotherSignal } from './stop-signals.ts'

export interface NextDrainDeps {
  readonly bff: {
    drain(): void
    readonly frontends: Pick<Frontends, 'endOpenEnded'>
  }
  readonly drainMs: number
  /** @default 30000 */
  readonly graceMs?: number
}

/**
 * At a signal `next start` calls `close()` on its server, and ends the process when that is done. It is given one
 * that takes its time, as the Node host does (A16). `first`: a connection that the server has already.
 */
export function drainBeforeClose(
  server: Server,
  first: Socket,
  { bff, drainMs, graceMs = 30_000 }: NextDrainDeps,
): void {
  const shutdown = createShutdown(server, first)

  async function end(): Promise<void> {
    bff.drain()
    shutdown.drain()
    server.prependListener('request', (_, response) => shutdown.closeAfter(response))
    await Promise.race([sleep(drainMs), anotherSignal()])
    const closed = shutdown.close(graceMs)
    bff.frontends.endOpenEnded()
    await closed
  }

  let ended: Promise<void> | undefined
  server.close = (done) => {
    ended ??= end()
    void ended.then(() => done?.())
    return server
  }
}
