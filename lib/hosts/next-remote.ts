import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { Remote } from '../remote/remote.ts'
import { withOneStepLess } from './max-forwards.ts'
import { tellHead } from './next-answer-head.ts'
import { isRawTargetHeader, rawRequestOf } from './next-raw-target.ts'
import { ResponseSink } from './response-sink.ts'

/**
 * The proxy's door inside Next: the same exchange, made of a web request, streaming both ways. Where the raw
 * target was not kept (on Vercel) the path that Next resolved is judged. Next knows no address of the peer:
 * `X-Forwarded-For` goes on only where `BFF_TRUST_PROXY` says who writes it.
 */
export function handleNextRemote(remote: Remote, request: Request): Promise<Response> {
  const { method, target, hidden } = rawRequestOf(request.headers) ?? resolved(request)
  return new Promise((resolve) => {
    remote.handle({
      method,
      target,
      rawHeaders: withOneStepLess(method, [...rawHeadersOf(request), ...hidden.flat()]),
      body: bodyOf(request),
      peerAddress: '',
      sink: new ResponseSink(request, (response, lines) => {
        tellHead(response, lines)
        resolve(response)
      }),
    })
  })
}

function resolved({ method, url }: Request) {
  const { pathname, search } = new URL(url)
  return { method, target: pathname + search, hidden: [] }
}

function rawHeadersOf(request: Request): string[] {
  const raw = [...request.headers].filter(([name]) => !isForThisHost(name)).flat()
  // Next sends the body of a route handler, but never its `Content-Encoding`.
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
