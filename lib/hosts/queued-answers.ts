import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { perProcess } from './per-process.ts'

/** The answers to pipelined requests that wait for their turn on a connection (RFC 9112 section 9.3.2). */
export interface QueuedAnswers {
  /** To be told of every request. */
  add(request: IncomingMessage, response: ServerResponse): void
}

/**
 * Closes queued answers together with their connection. Node does that by itself, except after an upgrade
 * or a CONNECT that came behind them: it has let go of the connection then, and nobody would ever hear
 * that the answer has become useless.
 */
export function createQueuedAnswers(): QueuedAnswers {
  const bySocket = new WeakMap<Socket, Set<ServerResponse>>()

  function queueOf(socket: Socket): Set<ServerResponse> {
    const known = bySocket.get(socket)
    if (known) return known
    const queue = new Set<ServerResponse>()
    bySocket.set(socket, queue)
    socket.once('close', () => {
      for (const response of queue) {
        // Its turn has come, and Node tells it.
        if (response.socket) continue
        // As Node does it: who asks later sees it too.
        response.destroyed = true
        response.emit('close')
      }
    })
    return queue
  }

  return {
    add({ socket }, response) {
      // Whose turn it is has its socket already.
      if (response.socket) return
      const queue = queueOf(socket)
      queue.add(response)
      response.once('close', () => queue.delete(response))
    },
  }
}

const everywhere = perProcess<true>('queuedAnswers')

/** The same for all servers of this process, where they are a framework's. Again is once. */
export function endQueuedAnswers(): void {
  if (everywhere.get()) return
  everywhere.getOrMake(() => true)
  const queued = createQueuedAnswers()
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    queued.add(request, response)
  })
}

/** The answer that is under way on a connection. Node has no public name for it. */
export function answerOn(socket: Duplex): ServerResponse | undefined {
  return (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}

/**
 * True while an earlier request of this one's connection has no complete answer. To switch protocols then
 * would put other bytes before that answer.
 */
export function isBehindAnother({ socket }: IncomingMessage): boolean {
  return answerOn(socket) !== undefined
}
