import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { listen } from './app.ts'
import { encode, variedBodies } from './content-codings.ts'
import { startRawUpstream } from './remote-fixture.ts'

/** What reached the API, as it was written. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  /** By lower-case name. */
  readonly headers: IncomingMessage['headers']
  body: string
}

export interface HostileApi {
  readonly origin: string
  /** Requests in the order of their arrival, since `forget`. */
  readonly seen: Seen[]
  forget(): void
  /** Each lets an answer go whose path ends with `held`. */
  readonly held: (() => void)[]
  /** Answers that are not complete and whose connection still stands. */
  readonly open: number
  close(): void
}

/** Headers of an answer that would act upon the app's whole origin, or command what stands between. */
export const commands: readonly (readonly [string, string])[] = [
  ['Set-Cookie', 'bff=planted; Path=/'],
  ['Set-Cookie', '__Host-Http-bff=planted; Path=/; Secure; HttpOnly'],
  ['Strict-Transport-Security', 'max-age=1'],
  ['Clear-Site-Data', '"cookies"'],
  ['Access-Control-Allow-Origin', 'https://evil.example'],
  ['Access-Control-Allow-Credentials', 'true'],
  ['Service-Worker-Allowed', '/'],
  ['Alt-Svc', 'h3="evil.example:443"'],
  ['Report-To', '{}'],
  ['NEL', '{}'],
  ['X-Accel-Redirect', '/etc/passwd'],
  ['X-Sendfile', '/etc/passwd'],
  ['X-Middleware-Rewrite', '/admin'],
  ['X-Middleware-Set-Cookie', 'bff=planted'],
  ['X-Nextjs-Redirect', '/admin'],
  ['Surrogate-Control', 'max-age=600'],
  ['CDN-Cache-Control', 'max-age=600'],
  ['Proxy-Authenticate', 'Basic'],
  ['WWW-Authenticate', 'Basic realm="x"'],
  ['Connection', 'X-Hop'],
  ['X-Hop', '1'],
  ['Cache-Control', 'public, max-age=600, s-maxage=600'],
  ['Refresh', '0; url=https://evil.example'],
  ['Set-Login', 'logged-out'],
  ['Sec-Session-Registration', '(ES256); path="/x"'],
  ['Use-As-Dictionary', 'match="/*"'],
  ['Timing-Allow-Origin', '*'],
  ['X-Reproxy-URL', 'http://169.254.169.254/'],
  ['X-LiteSpeed-Cache-Control', 'public, max-age=600'],
  ['Netlify-CDN-Cache-Control', 'public, max-age=601'],
  ['Edge-Control', 'cache-maxage=1d'],
  ['Fastly-Force-Shield', '1f'],
  ['Akamai-Cache-Status', 'Hit'],
  ['Speculation-Rules', '"/rules.json"'],
  ['Activate-Storage-Access', 'retry'],
  ['Origin-Trial', 'token-of-a-trial'],
  ['X-Vercel-Cache', 'HIT'],
]

/** An API that does what its path says. What comes over a WebSocket it sends back, byte for byte. */
export async function startHostileApi(): Promise<HostileApi> {
  const seen: Seen[] = []
  const held: (() => void)[] = []
  let open = 0
  const server = createServer(async (request, response) => {
    const { method = '', url = '', rawHeaders, headers } = request
    const entry: Seen = { method, url, rawHeaders, headers, body: '' }
    seen.push(entry)
    open += 1
    response.on('close', () => {
      open -= 1
    })
    request.on('error', () => undefined)
    if (!url.includes('/early')) await readBody(request, entry).catch(() => undefined)
    if (/\/held(?:\?|$)/.test(url)) held.push(() => answer(url, headers, response))
    else answer(url, headers, response)
  })
  server.on('checkContinue', (request, response) => {
    response.writeContinue()
    server.emit('request', request, response)
  })
  server.on('upgrade', ({ headers }, socket: Socket, head) => {
    open += 1
    socket.on('error', () => undefined)
    socket.on('close', () => {
      open -= 1
    })
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    const head101 = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
    ]
    socket.write(`${head101.join('\r\n')}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
    socket.write(head)
    socket.pipe(socket)
  })
  const origin = await listen(server)
  return {
    origin,
    seen,
    held,
    forget: () => void seen.splice(0),
    get open() {
      return open
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Rejects when the client goes away in the middle of it. */
async function readBody(request: IncomingMessage, entry: Seen): Promise<void> {
  for await (const chunk of request) entry.body += chunk
}

function answer(url: string, headers: IncomingMessage['headers'], response: ServerResponse): void {
  const path = url.split('?', 1)[0]?.split('/').at(-1)
  for (const line of new URL(url, 'http://api').searchParams.getAll('set-cookie')) {
    response.appendHeader('set-cookie', line)
  }
  for (const line of new URL(url, 'http://api').searchParams.getAll('line')) {
    const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(line) ?? []
    response.appendHeader(name, value)
  }
  if (path === 'silent') return
  if (path === 'hushed') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    return
  }
  if (path === 'commands') {
    response.writeHead(200, [...commands.flat(), 'Content-Type', 'text/html']).end('<p>')
  } else if (path === 'typed-twice') {
    const types = ['Content-Type', 'text/plain', 'Content-Type', 'text/html']
    response.writeHead(200, [...types, 'Content-Length', '3']).end('<p>')
  } else if (path === 'empty') {
    // As some do, though RFC 9110 section 8.6 forbids it.
    response.writeHead(204, url.endsWith('?length') ? { 'content-length': '0' } : {}).end()
  } else if (path === 'same') response.writeHead(304, { etag: '"1"' }).end()
  else if (path === 'range') {
    response.writeHead(headers.range ? 206 : 200, { 'content-range': 'bytes 0-1/10' }).end('ab')
  } else if (path === 'moved') {
    response.writeHead(302, { location: '/v1/there?x=1' }).end()
  } else if (path === 'endless') {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    const write = () => {
      while (!response.destroyed && response.write(Buffer.alloc(16 * 1024)));
    }
    response.on('drain', write)
    write()
  } else if (path === 'coded') {
    const { codings = '', body = '' } = Object.fromEntries(new URL(url, 'http://api').searchParams)
    const bytes = encode(variedBodies[body] ?? assert.fail(body), codings)
    const named = codings.replace('bare', 'deflate')
    const type = body === 'text' ? 'application/json' : 'application/octet-stream'
    response.writeHead(200, {
      ...{ 'content-type': type, 'content-length': bytes.length, etag: '"1"' },
      ...(named === '' ? {} : { 'content-encoding': named }),
    })
    response.end(bytes)
  } else if (path === 'early') response.writeHead(413).end('enough')
  else response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** What a broken server may say, and how the proxy puts it. `undefined`: nothing, for ever. */
export const brokenAnswers: Readonly<
  Record<string, { bytes?: string; keepsOpen?: boolean; status: number; cutsOff?: boolean }>
> = {
  garbage: { bytes: 'SSH-2.0-OpenSSH_9.6\r\n\r\n', status: 502 },
  nothing: { bytes: '', status: 502 },
  never: { keepsOpen: true, status: 504 },
  'half-a-head': { bytes: 'HTTP/1.1 200 OK\r\ncontent-le', status: 502 },
  'two-lengths': {
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx',
    status: 502,
  },
  'both-framings': {
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    status: 502,
  },
  truncated: {
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart',
    status: 200,
    cutsOff: true,
  },
  'truncated-chunk': {
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo',
    status: 200,
    cutsOff: true,
  },
  stopped: {
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart',
    keepsOpen: true,
    status: 200,
    cutsOff: true,
  },
  'reset-content': {
    bytes: 'HTTP/1.1 205 Reset Content\r\ncontent-length: 2\r\n\r\nok',
    status: 205,
  },
  'reset-chunks': {
    bytes: 'HTTP/1.1 205 Reset Content\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    status: 205,
  },
  'no-status': { bytes: 'HTTP/1.1 700 X\r\ncontent-length: 2\r\n\r\nok', status: 502 },
  twice: {
    bytes: `${ok}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nSECOND`,
    keepsOpen: true,
    status: 200,
  },
}

/** Every byte that is no ASCII, as a header's value may hold it. */
export const highBytes = Buffer.from(Array.from({ length: 128 }, (_, i) => 128 + i)).toString(
  'latin1',
)

/** File names in UTF-8 and in Latin-1, as servers write them. */
export const fileNames = ['漢字 ü.txt', Buffer.from('ü ß é.txt', 'latin1')].map(
  (name) => `attachment; filename="${Buffer.from(name).toString('latin1')}"`,
)

/** Names of answers whose head holds such bytes; with a body that comes along, or later. */
export const byteHeads = ['length', 'chunked'].flatMap((framing) =>
  ['', '-early'].flatMap((when) => fileNames.map((_, i) => `bytes-${framing}-${i}${when}`)),
)

function sendBytesHead(socket: Socket, name: string, isHead: boolean): void {
  const [, framing, file, early] = name.split('-')
  const length = framing === 'length' ? 'Content-Length: 5' : 'Transfer-Encoding: chunked'
  const body = framing === 'length' ? 'hello' : '5\r\nhello\r\n0\r\n\r\n'
  const lines = ['HTTP/1.1 200 OK', 'Content-Type: text/plain', length, `X-Bytes: ${highBytes}`]
  lines.push(`Content-Disposition: ${fileNames[Number(file)]}`, 'X-Request-Id: of-the-api')
  socket.write(`${lines.join('\r\n')}\r\n\r\n${early || isHead ? '' : body}`, 'latin1')
  if (early && !isHead) setTimeout(() => socket.write(body), 50)
}

/** A server that answers with the bytes that its path names, else `ok`. */
export function startBrokenApi() {
  return startRawUpstream((socket, text) => {
    const [, method, name = ''] = /^(GET|HEAD) \/(\S*)/.exec(text) ?? []
    if (byteHeads.includes(name)) return sendBytesHead(socket, name, method === 'HEAD')
    const { bytes, keepsOpen } = brokenAnswers[name] ?? { bytes: ok, keepsOpen: true }
    if (bytes !== undefined) socket.write(bytes, 'latin1')
    if (!keepsOpen) socket.end()
  })
}
