import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** A server over TLS, which remembers who came. */
export interface SecureServer {
  readonly port: number
  readonly origin: string
  readonly requests: IncomingMessage[]
  /** Whether each request's connection showed a certificate that `ca` vouches for. */
  readonly known: boolean[]
  close(): Promise<void>
}

/** `requestCert` with `ca` asks for a certificate and lets anybody in: what to make of it is the listener's. */
export async function startSecureServer(
  options: ServerOptions,
  listener?: RequestListener,
): Promise<SecureServer> {
  const requests: IncomingMessage[] = []
  const known: boolean[] = []
  const server = createServer({ ...options, rejectUnauthorized: false }, (request, response) => {
    requests.push(request)
    known.push((request.socket as TLSSocket).authorized)
    if (listener) listener(request, response)
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
  })
  server.on('upgrade', (request: IncomingMessage, socket) => {
    requests.push(request)
    socket.on('error', () => undefined)
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    )
    socket.pipe(socket)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `https://127.0.0.1:${port}`,
    requests,
    known,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
