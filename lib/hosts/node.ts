import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Bff } from '../bff.ts'
import { type ProblemCode, problemParts } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import type { Log } from '../telemetry/log.ts'
import { HostRequest } from './host-request.ts'
import { createIdleSockets } from './idle-sockets.ts'
import { createNodeRemote } from './node-remote.ts'
import { sendResponse, toRequest } from './node-web.ts'
import { createQueuedAnswers, isBehindAnother } from './queued-answers.ts'
import { secureHead, secureHeaders } from './secure-head.ts'
import { isDecodablePath, isUnrepresentableMethod } from './unrepresentable.ts'

/** Answers what is no endpoint and no remote API: the pages. Next's request handler is one. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface NodeHostOptions {
  readonly bff: Bff
  readonly log: Log
  /** Without it everything that is not ours is 404. May arrive later: the engine answers at once. */
  readonly pages?: PageHandler | Promise<PageHandler>
  /** WebSocket upgrades that are not for a remote API (the development server's). */
  readonly pageUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown
}

export interface NodeHost {
  readonly server: Server
  /** Where it listens, for example `http://127.0.0.1:3000`. */
  readonly address: string
  /** No new connections; requests in flight have `graceMs` to finish; then store and sockets close (A2). */
  close(graceMs?: number): Promise<{ forced: boolean }>
}

/** Without a byte for this long, a request to an endpoint is given up. */
const endpointIdleMs = 20_000

/**
 * The engine on a plain Node server. `/bff/*` and `/api/remote/*` never enter Next; a proxied answer goes
 * from undici's stream to the socket.
 */
export async function startNodeHost(options: NodeHostOptions): Promise<NodeHost> {
  const { bff, log } = options
  const https = bff.settings.publicOrigin.startsWith('https:')
  const remote = createNodeRemote(bff.remote)
  const queuedAnswers = createQueuedAnswers()
  const background = (task: Promise<unknown>) => {
    task.catch((cause: unknown) => log.event('unexpected.error', { where: 'background', cause }))
  }

  async function answerEndpoint(request: IncomingMessage, response: ServerResponse) {
    const target = request.url ?? '/'
    const abort = new AbortController()
    // The endpoints' bodies are small forms: nobody may take for ever to send one.
    request.setTimeout(endpointIdleMs, () => request.destroy())
    response.once('close', () => abort.abort())
    const web = toRequest(request, bff.settings.publicOrigin, abort.signal)
    const info = { peerAddress: request.socket.remoteAddress ?? '', background }
    const answer = web === undefined ? badRequest(request) : await bff.handle(web, target, info)
    await sendResponse(answer, request, response)
  }

  async function answerPage(request: IncomingMessage, response: ServerResponse) {
    const pages = await options.pages
    const refusal = refusalOfPage(request)
    if (pages && !refusal) return pages(request, response)
    const id = requestId(undefined)
    const { status, headers, body } = problemParts(refusal ?? 'not_found', { requestId: id })
    if (refusal === 'method_not_allowed') response.setHeader('allow', 'GET, HEAD, POST')
    response.writeHead(status, headers).end(body)
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    queuedAnswers.add(request, response)
    if (https) secureHead(response)
    const target = request.url ?? '/'
    // An absolute-form target is for proxies; nothing of ours is asked for that way.
    if (!target.startsWith('/')) refuse(request, response)
    else if (bff.remote.handles(target)) remote.handle(request, response)
    else if (bff.handlesPath(target.split('?', 1)[0] ?? '/')) {
      answerEndpoint(request, response).catch(giveUp(response))
    } else answerPage(request, response).catch(giveUp(response))
  }

  function giveUp(response: ServerResponse) {
    return (cause: unknown) => {
      log.event('unexpected.error', { where: 'request', cause })
      response.destroy()
    }
  }

  const server = createServer(
    // Headers: room for five sign-ins under way. Bodies have idle limits of their own, not a total one.
    {
      IncomingMessage: HostRequest,
      maxHeaderSize: 32 * 1024,
      headersTimeout: 20_000,
      requestTimeout: 0,
      keepAliveTimeout: 65_000,
      // `Upgrade: h2c` and the like are invitations that a server may ignore (RFC 9110 section 7.8).
      shouldUpgradeCallback: (request) =>
        request.headers.upgrade?.toLowerCase() === 'websocket' && !isBehindAnother(request),
    },
    onRequest,
  )
  server.on('checkContinue', (request, response) => {
    // The proxy asks for a body when it wants one.
    if (!bff.remote.handles(request.url ?? '/')) response.writeContinue()
    onRequest(request, response)
  })
  server.on('upgrade', (request, socket, head) => {
    // Node has taken its own listener away, and an earlier answer may have ended the socket already.
    socket.on('error', () => socket.destroy())
    if (!socket.writable) return void socket.destroy()
    if (bff.remote.handles(request.url ?? '/')) return remote.upgrade(request, socket, head)
    if (options.pageUpgrade) return options.pageUpgrade(request, socket, head)
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })
  server.on('clientError', (error, socket) => {
    onClientError(error, socket, https ? secureHeaders : {})
  })
  const idleSockets = createIdleSockets(server)

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(bff.settings.port, bff.settings.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { address, port, family } = server.address() as AddressInfo

  return {
    server,
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async close(graceMs = 30_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      bff.remote.drain()
      const sweep = setInterval(idleSockets.closeUnused, 50)
      const timer = new Promise<'late'>((resolve) => setTimeout(resolve, graceMs, 'late').unref())
      const forced = (await Promise.race([closed, timer])) === 'late'
      clearInterval(sweep)
      if (forced) server.closeAllConnections()
      await bff.close()
      return { forced }
    },
  }

  function refuse(request: IncomingMessage, response: ServerResponse): void {
    const id = requestId(headerOf(request, 'x-request-id'))
    const { status, headers, body } = problemParts('bad_request', { requestId: id })
    response.writeHead(status, { ...headers, connection: 'close' }).end(body)
  }

  function badRequest(request: IncomingMessage): Response {
    const id = requestId(headerOf(request, 'x-request-id'))
    const { status, headers, body } = problemParts('bad_request', { requestId: id })
    return new Response(body, { status, headers })
  }
}

/** What a framework would make a 500 of. */
function refusalOfPage({ method = '', url = '/' }: IncomingMessage): ProblemCode | undefined {
  if (isUnrepresentableMethod(method)) return 'method_not_allowed'
  return isDecodablePath(url) ? undefined : 'bad_request'
}

/** What the parser refused before there was a request: malformed, too large, or too slow. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex, more: object): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const code =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'header_too_large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request_timeout'
        : 'bad_request'
  const { status, headers, body } = problemParts(code, { requestId: requestId(undefined) })
  const lines = Object.entries({
    ...headers,
    ...more,
    connection: 'close',
    'content-length': `${body.length}`,
  })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} Refused\r\n${head}\r\n${body}`)
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}
