import { request as forward } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { selfSigned } from '../../test/support/self-signed.ts'

/** As much of nginx as there is in front of a self-hosted Cloakroom. */
export interface TlsTerminator {
  readonly port: number
  /** Where to send what arrives, once it is known. */
  target: number
  close(): Promise<void>
}

/** A page of whoever owns another host of the same site. */
const siblingPage = '<!doctype html><title>A sibling</title><p>Another team lives here.</p>'

export async function startTlsTerminator(): Promise<TlsTerminator> {
  const terminator = { port: 0, target: 0, close }
  const server = createServer(await selfSigned(), (incoming, outgoing) => {
    if (incoming.headers.host?.startsWith('sibling.')) {
      outgoing.writeHead(200, { 'content-type': 'text/html' }).end(siblingPage)
      return
    }
    const { method, url, headers, socket } = incoming
    const passed = forward({
      host: '127.0.0.1',
      port: terminator.target,
      method,
      path: url,
      headers: {
        ...headers,
        'x-forwarded-for': '203.0.113.7',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': headers.host,
      },
    })
    passed.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    passed.on('error', () => socket.destroy())
    incoming.pipe(passed)
  })
  async function close(): Promise<void> {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  terminator.port = (server.address() as AddressInfo).port
  return terminator
}
