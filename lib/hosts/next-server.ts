import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { processEnvironment } from '../config/env.ts'
import { setHeadDeadline } from './head-deadline.ts'
import { perProcess } from './per-process.ts'
import { answerUpgrades, isUpgrade, type UpgradeDeps } from './upgrades.ts'

// Node's own, which `next start` leaves as they are unless it is told otherwise.
const defaultKeepAliveMs = 5_000
const defaultRequestMs = 300_000

const tended = perProcess<true>('nextServers')

/** Is shown each server once, with its first connection. */
export type SeenServer = (server: Server, first: Socket) => void

/**
 * Gives the server that Next has made for itself what the Node host gives its own, from its first connection on:
 * kept connections that live longer than those of a balancer, no time limit for a long upload but one for a head, and no ear for
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
    setHeadDeadline(server)
    // Node looks at this property before every upgrade.
    server.shouldUpgradeCallback = isUpgrade
    onServer?.(server, socket)
  })
}

/**
 * Next ends an upgrade without a word, where it has a page, and else leaves it open, for a server of WebSockets
 * that somebody may have added. Where nobody has, all are answered as on the Node host; WebSockets to APIs are
 * that one's. In development Next has them for itself, but for those that it would leave open.
 */
export function answerNextUpgrades(
  server: Tended,
  { development, ...deps }: UpgradeDeps & { readonly development: boolean },
): void {
  if (!isOfNextAlone(server)) return
  if (development) {
    server.shouldUpgradeCallback = (request) =>
      isUpgrade(request) && /\/_next\/(?:webpack-)?hmr/.test(request.url ?? '')
    return
  }
  server.removeAllListeners('upgrade')
  answerUpgrades(server, deps)
}

/** `next start` tells in `PORT` where it listens. */
function isOfNextAlone(server: Server): boolean {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return String(port) === processEnvironment().PORT && server.listenerCount('upgrade') === 1
}

type Tended = Server & { shouldUpgradeCallback?: (request: IncomingMessage) => boolean }

function isHttpServer(server: unknown): server is Tended {
  return typeof server === 'object' && server !== null && 'keepAliveTimeout' in server
}
