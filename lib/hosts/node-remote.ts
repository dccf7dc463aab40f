import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Remote } from '../remote/remote.ts'
import type { RemoteRequest } from '../remote/remote-request.ts'
import { keepHeadBytes } from './head-bytes.ts'
import { withOneStepLess } from './max-forwards.ts'

/** The proxy's door on a Node server. */
export interface NodeRemote {
  /** For `request` and, so that a refused body is never asked for, `checkContinue`. */
  handle(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** Hands Node's own objects over as they are: nothing is parsed, copied or wrapped on the way. */
export function createNodeRemote(
  remote: Remote,
  peerOf: (request: IncomingMessage) => string = addressOf,
  answerHeaders: Readonly<Record<string, string>> = {},
  chunks: RemoteRequest['chunks'] = 'shared',
): NodeRemote {
  return {
    handle(request, response) {
      keepHeadBytes(response)
      if (request.httpVersionMinor === 0) asOfHttp10(response)
      const method = request.method ?? 'GET'
      remote.handle({
        method,
        target: request.url ?? '/',
        rawHeaders: withOneStepLess(method, request.rawHeaders),
        body: request,
        peerAddress: peerOf(request),
        sink: response,
        chunks,
      })
    },
    upgrade(request, socket, head) {
      remote.upgrade({
        method: request.method ?? 'GET',
        target: request.url ?? '/',
        rawHeaders: request.rawHeaders,
        peerAddress: peerOf(request),
        socket,
        head,
        answerHeaders,
      })
    },
  }
}

function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}

/**
 * To HTTP/1.0 (which nginx speaks by default) the end of the connection may be the end of the answer, so
 * an answer that breaks off has to end in a reset. It knows no `100 Continue` (RFC 9110 section 10.1.1).
 */
function asOfHttp10(response: ServerResponse): void {
  response.writeContinue = () => undefined
  response.destroy = () => {
    response.socket?.resetAndDestroy()
    return response
  }
}
