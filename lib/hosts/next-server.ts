import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { perProcess } from './per-process.ts'

// Node's own, which `next start` leaves as they are unless it is told otherwise.
const defaultKeepAliveMs = 5_000
const defaultRequestMs = 300_000

const tended = perProcess<true>('nextServers')

/** Is shown each server once, with its first connection. */
export type SeenServer = (server: Server, first: Socket) => void

/**
 * Gives the server that Next has made for itself what the Node host gives its own, from its first connection on:
 * kept connections that live longer than those of a balancer, no time limit for a long upload, and no ear for
 * invitations to other protocols. What somebody chose (`next start --keepAliveTimeout`) stays. Again is once.
 */
export function tendNextServers(onServer?: SeenServer): void {
  if (tended.get()) return
  tended.getOrMake(() => true)
  const seen = new WeakSet<object>()
  subscribe('net.server.socket', (message) => {
    const { socket } = message as { socket: Socket & { server?: unknown } }
    const { server } = socket
    if (!isHttpServer(server) || seen.has(server)) return
    seen.add(server)
    if (server.keepAliveTimeout === defaultKeepAliveMs) server.keepAliveTimeout = 65_000
    if (server.requestTimeout === defaultRequestMs) server.requestTimeout = 0
    // `Upgrade: h2c` and the like are invitations that a server may ignore (RFC 9110 section 7.8); Next closes
    // the connection. Node looks at this property before every upgrade.
    server.shouldUpgradeCallback = (request) =>
      request.headers.upgrade?.toLowerCase() === 'websocket'
    onServer?.(server, socket)
  })
}

type Tended = Server & { shouldUpgradeCallback?: (request: IncomingMessage) => boolean }

function isHttpServer(server: unknown): server is Tended {
  return typeof server === 'object' && server !== null && 'keepAliveTimeout' in server
}
