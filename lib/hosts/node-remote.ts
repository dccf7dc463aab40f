import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Remote } from '../remote/remote.ts'
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
): NodeRemote {
  return {
    handle(request, response) {
      keepHeadBytes(response)
      if (request.httpVersionMinor === 0) breakByReset(response)
      const method = request.method ?? 'GET'
      remote.handle({
        method,
        target: request.url ?? '/',
        rawHeaders: withOneStepLess(method, request.rawHeaders),
        body: request,
        peerAddress: peerOf(request),
        sink: response,
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
      })
    },
  }
}

function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}

/**
 * To HTTP/1.0 (which nginx speaks by default) the end of the connection may be the end of the answer, so
 * an answer that breaks off has to end in a reset.
 */
function breakByReset(response: ServerResponse): void {
  response.destroy = () => {
    response.socket?.resetAndDestroy()
    return response
  }
}
