import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

/**
 * A Node request as a web Request, its URL on the public origin. Undefined when it cannot be one (a
 * method or header that the fetch standard does not allow): the caller answers 400.
 */
export function toRequest(
  incoming: IncomingMessage,
  publicOrigin: string,
  signal: AbortSignal,
): Request | undefined {
  const method = incoming.method ?? 'GET'
  const headers = new Headers()
  try {
    for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
      headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '')
    }
    const hasBody = method !== 'GET' && method !== 'HEAD'
    return new Request(`${publicOrigin}${incoming.url ?? '/'}`, {
      method,
      headers,
      signal,
      ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' } : {}),
    } as RequestInit)
  } catch {
    return undefined
  }
}

/** Writes a web Response; several `Set-Cookie` stay several. */
export async function sendResponse(
  answer: Response,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers: string[] = []
  for (const [name, value] of answer.headers) {
    if (name !== 'set-cookie') headers.push(name, value)
  }
  for (const cookie of answer.headers.getSetCookie()) headers.push('set-cookie', cookie)
  if (answer.body && answer.headers.get('content-type')?.startsWith('text/event-stream')) {
    response.writeHead(answer.status, headers)
    return stream(answer.body, response)
  }
  const body = answer.body && Buffer.from(await answer.arrayBuffer())
  // RFC 9110 section 8.6: none on a 204.
  if (answer.status !== 204) headers.push('content-length', String(body?.byteLength ?? 0))
  // A body that nobody read would be taken for the next request on this connection.
  if (!request.complete) headers.push('connection', 'close')
  response.writeHead(answer.status, headers)
  if (body) response.end(body)
  else response.end()
}

/** A body that is sent as it comes, and ends with whichever side ends first. */
async function stream(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader()
  response.once('close', () => void reader.cancel().catch(() => {}))
  response.flushHeaders()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    response.write(value)
  }
  response.end()
}
