import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a browser and a server, passes everything on, and keeps what the browser received. */
export interface Tap {
  readonly port: number
  /** Every byte so far, headers included, as Latin-1 text. */
  received(): string
  close(): Promise<void>
}

export async function startTap(targetPort: number): Promise<Tap> {
  const chunks: Buffer[] = []
  const sockets = new Set<Socket>()

  const server = createServer((browser) => {
    const target = connect(targetPort, '127.0.0.1')
    target.on('data', (chunk: Buffer) => chunks.push(chunk))
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
    received: () => Buffer.concat(chunks).toString('latin1'),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
