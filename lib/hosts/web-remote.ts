import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { Remote } from '../remote/remote.ts'
import { withOneStepLess } from './max-forwards.ts'
import type { HeadLine } from './next-answer-head.ts'
import { isRawTargetHeader } from './next-raw-target.ts'
import { ResponseSink } from './response-sink.ts'

/** A request as the client wrote it, where the framework shows another one. */
export interface AsReceived {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Headers that the framework was not shown. */
  readonly hidden?: readonly (readonly [string, string])[]
}

export interface WebRemoteOptions {
  /** @default what the framework made of it */
  readonly received?: AsReceived
  /** Of whoever holds the other end of the connection. @default unknown */
  readonly peerAddress?: string
  /** Told the head of the answer, line by line, before the answer is given. */
  readonly onHead?: (response: Response, lines?: readonly HeadLine[]) => void
}

/**
 * The proxy's door for frameworks that speak the web's `Request` and `Response`: the same exchange, streaming both
 * ways. Where the target was not kept as it came, the path that the framework resolved is judged. Without an address
 * of the peer `X-Forwarded-For` goes on only where `BFF_TRUST_PROXY` says who writes it.
 */
export function handleWebRemote(
  remote: Remote,
  request: Request,
  { received = resolved(request), peerAddress = '', onHead }: WebRemoteOptions = {},
): Promise<Response> {
  const { method, target, hidden = [] } = received
  return new Promise((resolve) => {
    remote.handle({
      method,
      target,
      rawHeaders: withOneStepLess(method, [...rawHeadersOf(request), ...hidden.flat()]),
      body: bodyOf(request),
      peerAddress,
      sink: new ResponseSink(request, (response, lines) => {
        onHead?.(response, lines)
        resolve(response)
      }),
    })
  })
}

function resolved({ method, url }: Request): AsReceived {
  const { pathname, search } = new URL(url)
  return { method, target: pathname + search }
}

function rawHeadersOf(request: Request): string[] {
  const raw = [...request.headers].filter(([name]) => !isForThisHost(name)).flat()
  // Next sends the body of a route handler, but never its `Content-Encoding`; others code it themselves.
  raw.push('accept-encoding', 'identity')
  const { headers, body } = request
  // The framing of HTTP/2 leaves no header behind, and a body is told by one.
  if (body && !headers.has('content-length') && !headers.has('transfer-encoding')) {
    raw.push('transfer-encoding', 'chunked')
  }
  return raw
}

function isForThisHost(name: string): boolean {
  return name === 'accept-encoding' || isRawTargetHeader(name)
}

function bodyOf(request: Request): Readable | null {
  if (!request.body) return null
  const body = Readable.fromWeb(request.body as NodeReadableStream)
  // It fails when the client goes away, which may be before anybody listens.
  return body.on('error', () => undefined)
}
