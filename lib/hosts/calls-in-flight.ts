import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { createQueuedAnswers } from './queued-answers.ts'

/** The calls of ours on a server that is somebody else's. */
export interface CallsInFlight {
  /** `request`: of an answer, which may wait for its turn on the connection. */
  add(call: ServerResponse, request: IncomingMessage): void
  add(call: Duplex): void
  /** Resolves when all have ended. True when that was not so within `graceMs`, and the rest was cut. */
  end(graceMs: number): Promise<{ forced: boolean }>
}

export function createCallsInFlight(): CallsInFlight {
  const calls = new Set<ServerResponse | Duplex>()
  const queued = createQueuedAnswers()
  let onEmpty = () => {}
  return {
    add(call: ServerResponse | Duplex, request?: IncomingMessage) {
      if (request) queued.add(request, call as ServerResponse)
      calls.add(call)
      call.once('close', () => {
        calls.delete(call)
        if (calls.size === 0) onEmpty()
      })
    },
    async end(graceMs) {
      if (calls.size === 0) return { forced: false }
      const ended = new Promise<'ended'>((resolve) => {
        onEmpty = () => resolve('ended')
      })
      const late = Promise.withResolvers<'late'>()
      const timer = setTimeout(late.resolve, graceMs, 'late')
      const forced = (await Promise.race([ended, late.promise])) === 'late'
      clearTimeout(timer)
      if (forced) for (const call of calls) call.destroy()
      return { forced }
    },
  }
}
