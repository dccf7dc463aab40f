import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * PostgreSQL as it is behind a pooler of transactions: questions are answered, and what is told in between
 * reaches nobody. No TLS.
 */
export async function startDeafPooler(targetPort: number) {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    client.pipe(target)
    let waiting = Buffer.alloc(0)
    target.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk])
      // A letter, and a length that counts itself (PostgreSQL, section 55.7).
      while (waiting.length >= 5 && waiting.length > waiting.readInt32BE(1)) {
        const message = waiting.subarray(0, waiting.readInt32BE(1) + 1)
        waiting = waiting.subarray(message.length)
        if (message[0] !== 'A'.charCodeAt(0)) client.write(message)
      }
    })
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
