import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Closes, while a server shuts down, the connections that carry no request. Node closes those that have
 * had an answer; but browsers also open connections ahead of need, and one that was never used would hold
 * the server open.
 */
export function createIdleSockets(server: Server): { closeUnused(): void } {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return {
    closeUnused() {
      server.closeIdleConnections()
      // Where bytes have come a request may be arriving.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    },
  }
}
