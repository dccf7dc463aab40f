/** The API of the streams: `/down?bytes=` gives that many, `POST` swallows, `/events` tells one event at once. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const piece = Buffer.alloc(64 * 1024, 'x')

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://api')
  if (request.method === 'POST') {
    request.resume()
    request.on('end', () => response.end('ok'))
    return
  }
  if (url.pathname.endsWith('/events')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: first\n\n')
    return
  }
  let left = Number(url.searchParams.get('bytes'))
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': `${left}`,
  })
  const write = () => {
    while (left > 0) {
      const size = Math.min(left, piece.length)
      left -= size
      if (!response.write(size === piece.length ? piece : piece.subarray(0, size))) {
        if (left > 0) response.once('drain', write)
        break
      }
    }
    if (left === 0) response.end()
  }
  write()
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => process.exit())
