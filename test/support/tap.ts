import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between browsers and a server, passes everything on, and keeps it. */
export interface Tap {
  readonly port: number
  /** Every byte that the browsers have sent so far, headers included, as Latin-1 text. */
  sent(): string
  /** Every byte that they have received. */
  received(): string
  close(): Promise<void>
}

export async function startTap(targetPort: number): Promise<Tap> {
  const sent: Buffer[] = []
  const received: Buffer[] = []
  const sockets = new Set<Socket>()

  const server = createServer((browser) => {
    const target = connect(targetPort, '127.0.0.1')
    browser.on('data', (chunk: Buffer) => sent.push(chunk))
    target.on('data', (chunk: Buffer) => received.push(chunk))
    browser.pipe(target).pipe(browser)
    for (const socket of [browser, target]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    browser.on('error', () => target.destroy())
    target.on('error', () => browser.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    sent: () => Buffer.concat(sent).toString('latin1'),
    received: () => Buffer.concat(received).toString('latin1'),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
