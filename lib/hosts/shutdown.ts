import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'

/** The end of a server in the order in which a front behind which it stands loses nothing (A16). */
export interface Shutdown {
  /** From now on every answer ends its connection, those under way too. Everything is served as ever. */
  drain(): void
  readonly isDraining: boolean
  /** To be told of every answer that begins while it drains. */
  closeAfter(response: ServerResponse): void
  /**
   * Stops listening; when nothing is under way any more, ends the connections that carry nothing. True when
   * that was not so within `graceMs`, and everything was cut.
   */
  close(graceMs: number): Promise<{ forced: boolean }>
}

const sweepMs = 50

/** `first`: a connection that the server has already. */
export function createShutdown(server: Server, first?: Socket): Shutdown {
  const sockets = new Set<Socket>()
  let isDraining = false
  const add = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  if (first) add(first)
  server.on('connection', add)

  function drain(): void {
    isDraining = true
    for (const socket of sockets) {
      const response = answerOn(socket)
      if (response && !response.headersSent) closeAfter(response)
    }
  }

  /** What browsers and fronts opened ahead of need, or keep. Where bytes have come a request may be arriving. */
  function endIdle(): void {
    if ([...sockets].some(answerOn)) return
    server.closeIdleConnections()
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }

  return {
    drain,
    get isDraining() {
      return isDraining
    },
    closeAfter,
    async close(graceMs) {
      drain()
      // Right behind the poll phase, in which all that the kernel has taken for us is taken from it: who is
      // left in its queue when the listener closes gets a reset.
      await new Promise(setImmediate)
      // Not `Server.close` of `node:http`, which ends idle connections at once: a front may be writing to one.
      const closed = new Promise<void>((resolve) => {
        NetServer.prototype.close.call(server, () => resolve())
      })
      const sweep = setInterval(endIdle, sweepMs)
      const timer = new Promise<'late'>((resolve) => setTimeout(resolve, graceMs, 'late').unref())
      const forced = (await Promise.race([closed, timer])) === 'late'
      clearInterval(sweep)
      if (forced) server.closeAllConnections()
      return { forced }
    },
  }
}

function closeAfter(response: ServerResponse): void {
  response.shouldKeepAlive = false
}

/** The answer that is under way on a connection. Node has no public name for it. */
function answerOn(socket: Socket): ServerResponse | undefined {
  return (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}
