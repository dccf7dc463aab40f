import type { Server } from 'node:http'

/** The head of a request has that long, and is looked at that often. */
export const headDeadline = { headersTimeout: 20_000, connectionsCheckingInterval: 2_000 } as const

/** At the end a head that is still coming has no longer, so that it does not use up the grace. */
const lastHeadMs = 5_000

/** Node's own, which `next start` leaves as it is. */
const defaultHeadersMs = 60_000

/** Gives the deadline to a server that listens already; what somebody else chose for it stays. */
export function setHeadDeadline(server: Server): void {
  if (server.headersTimeout !== defaultHeadersMs) return
  // Node reads the interval when the server begins to listen, in a listener of its own: that is asked again.
  Object.assign(server, headDeadline)
  for (const begin of server.listeners('listening')) {
    if (begin.name === 'setupConnectionsTracking') begin.call(server)
  }
}

export function shortenHeadDeadline(server: Server): void {
  server.headersTimeout = Math.min(server.headersTimeout || lastHeadMs, lastHeadMs)
}
