import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Bff } from '../bff.ts'
import { problemParts } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import { pageMethods, type Refusal } from './front-door.ts'
import { answerOn, isBehindAnother } from './queued-answers.ts'

/** The answer to a request that is not let in. `id`: the request's own, if it has one. */
export function refusalParts(refusal: Refusal, id: string | undefined) {
  const allow = { allow: pageMethods }
  const sane = requestId(id)
  if (refusal === 'options' || refusal === 'max-forwards') {
    const known = refusal === 'options' ? allow : {}
    return { status: 204, headers: { ...known, 'x-request-id': sane }, body: null }
  }
  const headers = refusal === 'method_not_allowed' ? allow : {}
  return problemParts(refusal, { requestId: sane, headers })
}

/** On a Node server. The connection ends with it: nobody knows what else is on its way. */
export function refuse(
  response: ServerResponse,
  refusal: Refusal,
  id: string | string[] | undefined,
): void {
  const { status, headers, body } = refusalParts(refusal, id === undefined ? id : String(id))
  response.writeHead(status, { ...headers, connection: 'close' }).end(body ?? undefined)
}

/** A refused client has that long to read why. */
const lingerMs = 2_000

export type MoreHeaders = Readonly<Record<string, string | readonly string[]>>

/** On a bare socket. `more`: headers that every answer has. */
export function refuseOnSocket(socket: Duplex, refusal: Refusal, more: MoreHeaders): void {
  // Nobody upgrades by OPTIONS.
  const code = refusal === 'options' || refusal === 'max-forwards' ? 'bad_request' : refusal
  const { status, headers, body } = refusalParts(code, undefined)
  const text = body ?? ''
  const lines = Object.entries<string | readonly string[]>({
    ...headers,
    ...more,
    connection: 'close',
    'content-length': `${text.length}`,
  })
  const head = lines
    .flatMap(([name, values]) => [values].flat().map((value) => `${name}: ${value}\r\n`))
    .join('')
  socket.end(`HTTP/1.1 ${status} Refused\r\n${head}\r\n${text}`)
  // A client that never ends its own half would keep the connection, and hold up the end of the process (A2).
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
}

/** RFC 9110 section 9.3.6: nobody tunnels through us. Node would close the connection without a word. */
export function refuseTunnels(server: Server, more: MoreHeaders): void {
  server.on('connect', (request, socket) => {
    socket.on('error', () => socket.destroy())
    // Whoever is owed another answer would take the refusal for it.
    if (isBehindAnother(request)) return void socket.destroy()
    refuseOnSocket(socket, 'method_not_allowed', more)
  })
}

/** What the parser refused before there was a request: malformed, too large, or too slow. */
export function onClientError(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  socket: Duplex,
  { more, expireStaleCookies }: { more: MoreHeaders } & Pick<Bff, 'expireStaleCookies'>,
): void {
  // In the middle of an answer it would be taken for a part of it.
  const isLate = answerOn(socket)?.headersSent === true
  if (error.code === 'ECONNRESET' || !socket.writable || isLate) return void socket.destroy()
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    // What the parser had in its hands names some of the cookies that made the head too large (S12).
    const received = error.rawPacket?.toString('latin1').replaceAll(/\r\ncookie:/gi, ';')
    const healing = { ...more, 'set-cookie': expireStaleCookies(received) }
    refuseOnSocket(socket, 'header_too_large', healing)
  } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    refuseOnSocket(socket, 'request_timeout', more)
  else refuseOnSocket(socket, 'bad_request', more)
}
