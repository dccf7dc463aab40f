import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A proxy as companies have them: the only one that knows the way to the hosts in `routes`. */
export interface ConnectProxy {
  readonly port: number
  /** Every CONNECT that came. */
  readonly connects: { authority: string; authorization: string | undefined }[]
  /** Every request that is no CONNECT. */
  readonly others: IncomingMessage[]
  /** What a CONNECT is answered in place of 200. */
  status: number
  close(): Promise<void>
}

/** @param routes ports on this machine, by `host:port` */
export async function startConnectProxy(routes: Record<string, number>): Promise<ConnectProxy> {
  const sockets = new Set<Duplex>()
  const server = createServer((request, response) => {
    proxy.others.push(request)
    response.writeHead(400).end()
  })
  server.on('connect', (request, socket: Socket, head) => {
    const authority = request.url ?? ''
    const port = routes[authority]
    proxy.connects.push({ authority, authorization: request.headers['proxy-authorization'] })
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (proxy.status !== 200 || port === undefined) {
      const status = proxy.status === 200 ? 502 : proxy.status
      socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.write(head)
      socket.pipe(upstream).pipe(socket)
    })
    sockets.add(upstream)
    upstream.on('error', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const proxy: ConnectProxy = {
    port: (server.address() as AddressInfo).port,
    connects: [],
    others: [],
    status: 200,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
