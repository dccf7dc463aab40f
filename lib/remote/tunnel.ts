import type { Duplex } from 'node:stream'

/** Two sockets that have become one connection. */
export interface Tunnel {
  /** Breaks both sides. */
  close(): void
}

export interface TunnelBytes {
  readonly fromClient: number
  readonly toClient: number
}

/**
 * Joins two sockets, bytes as they come, with back-pressure both ways. Whichever side ends is ended on the
 * other; whichever breaks, breaks the other.
 */
export function joinSockets(
  client: Duplex,
  upstream: Duplex,
  onClosed: (bytes: TunnelBytes) => void,
): Tunnel {
  let isClosed = false
  const bytes = { fromClient: 0, toClient: 0 }
  client.on('data', (chunk: Buffer) => {
    bytes.fromClient += chunk.length
  })
  upstream.on('data', (chunk: Buffer) => {
    bytes.toClient += chunk.length
  })
  function close(): void {
    if (isClosed) return
    isClosed = true
    client.destroy()
    upstream.destroy()
    onClosed(bytes)
  }
  for (const socket of [client, upstream]) {
    socket.on('error', close)
    socket.on('close', close)
  }
  client.pipe(upstream)
  upstream.pipe(client)
  return { close }
}
