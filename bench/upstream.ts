/** The API of the benchmark: about 1 KB of JSON, as fast as a socket of Node can give it. */
import { type AddressInfo, createServer } from 'node:net'
import { itemsJson } from './items.ts'

const body = itemsJson()
const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n' +
    `Content-Length: ${body.length}\r\nETag: W/"1f4-abc"\r\nCache-Control: no-cache\r\n` +
    'Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=65\r\n\r\n' +
    body,
)
const headEnd = Buffer.from('\r\n\r\n')

const server = createServer((socket) => {
  let rest: Buffer | undefined
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    const data = rest ? Buffer.concat([rest, chunk]) : chunk
    let from = 0
    for (let at = data.indexOf(headEnd); at >= 0; at = data.indexOf(headEnd, from)) {
      from = at + headEnd.length
      socket.write(answer)
    }
    rest = from < data.length ? data.subarray(from) : undefined
  })
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
process.on('disconnect', () => process.exit())
