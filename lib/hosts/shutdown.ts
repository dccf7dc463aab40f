import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { emptyBacklog } from './empty-backlog.ts'
import { shortenHeadDeadline } from './head-deadline.ts'
import { answerOn } from './queued-answers.ts'

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
  close(graceMs: number): Promise<{ readonly forced: boolean }>
}

const sweepMs = 50
/** A client has that long to send what it connected for. */
const newcomerMs = 1_000

/** `first`: a connection that the server has already. */
export function createShutdown(server: Server, first?: Socket): Shutdown {
  /** And since when they are there. */
  const sockets = new Map<Socket, number>()
  let isDraining = false
  const add = (socket: Socket) => {
    sockets.set(socket, performance.now())
    socket.once('close', () => sockets.delete(socket))
  }
  if (first) add(first)
  server.on('connection', add)

  function drain(): void {
    isDraining = true
    for (const socket of sockets.keys()) {
      const response = answerOn(socket)
      if (response && !response.headersSent) closeAfter(response)
    }
  }

  /**
   * What browsers and fronts opened ahead of need, or keep. Where bytes have come a request may be arriving, and on
   * a new connection it may be on its way.
   */
  function endIdle(): void {
    if ([...sockets.keys()].some(answerOn)) return
    server.closeIdleConnections()
    const newFrom = performance.now() - newcomerMs
    for (const [socket, since] of sockets) {
      if (socket.bytesRead === 0 && since < newFrom) socket.destroy()
    }
  }

  return {
    drain,
    get isDraining() {
      return isDraining
    },
    closeAfter,
    async close(graceMs) {
      drain()
      await emptyBacklog(server)
      // Not `Server.close` of `node:http`, which ends idle connections at once: a front may be writing to one.
      const closed = new Promise<void>((resolve) => {
        NetServer.prototype.close.call(server, () => resolve())
      })
      shortenHeadDeadline(server)
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
