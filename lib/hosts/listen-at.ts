import { once } from 'node:events'
import { statSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { socketPath } from '../config/listen.ts'
import type { Settings } from '../config/settings.ts'

/**
 * Listens where the settings say. Answers the address: `http://127.0.0.1:3000`, or `unix:/run/app.sock`.
 *
 * @throws the system's error when it cannot: `startFailure` has words for it
 */
export async function listenAt(
  server: Server,
  { host, port }: Pick<Settings, 'host' | 'port'>,
): Promise<string> {
  const path = socketPath(host)
  if (path !== undefined) {
    await listenOnSocket(server, path)
    return host
  }
  server.listen(port, host)
  await once(server, 'listening')
  const { address, port: taken, family } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`
}

/** A process that was killed leaves its socket behind, and nobody else may listen there then. */
async function listenOnSocket(server: Server, path: string): Promise<void> {
  try {
    server.listen(path)
    await once(server, 'listening')
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    if (!isTaken || !statSync(path).isSocket() || (await isAnswered(path))) throw cause
    unlinkSync(path)
    server.listen(path)
    await once(server, 'listening')
  }
}

function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path)
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true))
    // What is not ours to open is left where it is.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'))
  }).finally(() => socket.destroy()) as Promise<boolean>
}
