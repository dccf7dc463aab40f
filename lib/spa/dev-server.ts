import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

export interface DevServerDeps {
  /** `http://localhost:5173` */
  readonly origin: string
  /** Names of cookies begin so that are ours, and nobody else's business. */
  readonly ownCookies: string
  /** Headers of every page. */
  readonly pageHeaders: () => Readonly<Record<string, string>>
}

/** Connection by connection (RFC 9110 section 7.6.1); what they say of the next one is Node's business. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
]

/** The app's own server, for development: everything goes there as it came, WebSockets too. */
export function createDevServer({ origin, ownCookies, pageHeaders }: DevServerDeps) {
  const { hostname, port, host } = new URL(origin)
  const place = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }
  const tunnels = new Set<Duplex>()

  function headersFor(request: IncomingMessage) {
    const headers: Record<string, string | string[] | undefined> = { ...request.headers, host }
    const cookies = (request.headers.cookie ?? '')
      .split(/; */)
      .filter((each) => each !== '' && !each.startsWith(ownCookies))
    delete headers.cookie
    if (cookies.length > 0) headers.cookie = cookies.join('; ')
    return headers
  }

  return {
    pages(request: IncomingMessage, response: ServerResponse): void {
      const headers = headersFor(request)
      for (const name of hopByHop) if (name !== 'transfer-encoding') delete headers[name]
      const { method, url } = request
      const upstream = ask({ ...place, method, path: url, headers, agent: false }, (answer) => {
        const back: Record<string, string | string[] | undefined> = { ...answer.headers }
        for (const name of hopByHop) delete back[name]
        const isPage = String(answer.headers['content-type'] ?? '').startsWith('text/html')
        response.writeHead(answer.statusCode ?? 502, { ...back, ...(isPage ? pageHeaders() : {}) })
        answer.on('error', () => response.destroy()).pipe(response)
      })
      upstream.on('error', () => {
        if (response.headersSent) return void response.destroy()
        response.writeHead(502, {
          ...pageHeaders(),
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-store',
          refresh: '2',
        })
        response.end(awayPage(origin))
      })
      response.once('close', () => upstream.destroy())
      request.pipe(upstream)
    },

    /** Hot reload. Nobody waits for its end. */
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      const lines = Object.entries({ ...headersFor(request), connection: 'Upgrade' }).flatMap(
        ([name, values]) => [values ?? []].flat().map((value) => `${name}: ${value}\r\n`),
      )
      const upstream = connect(place, () => {
        upstream.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('')}\r\n`)
        upstream.write(head)
        upstream.pipe(socket).pipe(upstream)
      })
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        tunnels.add(one)
        one.on('error', () => other.destroy())
        one.once('close', () => {
          tunnels.delete(one)
          other.destroy()
        })
      }
    },

    close(): void {
      for (const socket of tunnels) socket.destroy()
    },
  }
}

function awayPage(origin: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>The app is not there yet</title></head>
<body><main><h1>The app is not there yet</h1>
<p>Nothing answers at ${origin} (spa.devServer). Start its development server; this page looks again by itself.</p></main></body></html>
`
}
