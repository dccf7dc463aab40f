import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bff } from '../bff.ts'
import { clientAddress, createForwardedTrust } from '../http/forwarded.ts'
import { requestId } from '../http/request-id.ts'
import { clientGone } from '../telemetry/done-requests.ts'

/** What a Node host answers past the engine: what it refuses, pages, the app's own APIs. */
export type TellAnswer = (
  request: IncomingMessage,
  response: ServerResponse,
  route: 'refused' | 'page' | 'local',
) => void

/** To be called when such a request arrives. Bytes are those of the connection, the answer's head among them. */
export function createTellAnswers(
  { onDone, settings }: Pick<Bff, 'onDone' | 'settings'>,
  peerOf: (request: IncomingMessage) => string,
): TellAnswer {
  const trusts = createForwardedTrust(settings.trustProxy)
  return (request, response, route) => {
    const { method = 'GET', headers } = request
    const startedAt = performance.now()
    const { socket } = request
    const writtenBefore = socket.bytesWritten
    const forwardedFor = [headers['x-forwarded-for']].flat().join(', ') || undefined
    const client = clientAddress(peerOf(request), forwardedFor, trusts) || undefined
    const id = requestId([headers['x-request-id']].flat()[0])
    response.once('close', () => {
      onDone({
        ...{ requestId: id, route, method, startedAt, who: { client } },
        status: response.headersSent ? response.statusCode : clientGone,
        bytesIn: Number(headers['content-length'] ?? 0) || 0,
        bytesOut: socket.bytesWritten - writtenBefore,
      })
    })
  }
}
