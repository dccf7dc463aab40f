import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Closes, while a server shuts down, the connections that carry no request. Node closes those that have
 * had an answer; but browsers also open connections ahead of need, and one that was never used would hold
 * the server open.
 */
export function createIdleSockets(server: Server): { closeUnused(): void } {
  const unused = new Set<Socket>()
  server.on('connection', (socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  const used = ({ socket }: { socket: Socket }) => unused.delete(socket)
  server.on('request', used)
  server.on('checkContinue', used)
  server.on('upgrade', used)
  return {
    closeUnused() {
      server.closeIdleConnections()
      // Bytes have come: a request may be arriving.
      for (const socket of unused) if (socket.bytesRead === 0) socket.destroy()
    },
  }
}
