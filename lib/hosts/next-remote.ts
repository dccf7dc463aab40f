import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { AnswerSink } from '../remote/exchange.ts'
import type { Remote } from '../remote/remote.ts'
import { isRawTargetHeader, rawTargetOf } from './next-raw-target.ts'

/**
 * The proxy's door inside Next: the same exchange, made of a web request, streaming both ways. Where the raw
 * target was not kept (on Vercel) the path that Next resolved is judged. Next knows no address of the peer:
 * `X-Forwarded-For` goes on only where `BFF_TRUST_PROXY` says who writes it.
 */
export function handleNextRemote(remote: Remote, request: Request): Promise<Response> {
  const target = rawTargetOf(request.headers) ?? resolvedTargetOf(request)
  return new Promise((resolve) => {
    remote.handle({
      method: request.method,
      target,
      rawHeaders: rawHeadersOf(request),
      body: bodyOf(request),
      peerAddress: '',
      sink: new ResponseSink(request, resolve),
    })
  })
}

function resolvedTargetOf({ url }: Request): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

function rawHeadersOf(request: Request): string[] {
  const raw = [...request.headers].filter(([name]) => !isRawTargetHeader(name)).flat()
  const { headers, body } = request
  // The framing of HTTP/2 leaves no header behind, and a body is told by one.
  if (body && !headers.has('content-length') && !headers.has('transfer-encoding')) {
    raw.push('transfer-encoding', 'chunked')
  }
  return raw
}

function bodyOf(request: Request): Readable | null {
  if (!request.body) return null
  const body = Readable.fromWeb(request.body as NodeReadableStream)
  // It fails when the client goes away, which may be before anybody listens.
  return body.on('error', () => undefined)
}

const bufferedBytes = 64 * 1024

/** Makes a `Response` of what the proxy writes. */
class ResponseSink extends EventEmitter implements AnswerSink {
  readonly #request: Request
  readonly #resolve: (response: Response) => void
  #body: ReadableStreamDefaultController<Uint8Array> | undefined
  #responded = false
  #closed = false

  constructor(request: Request, resolve: (response: Response) => void) {
    super()
    this.#request = request
    this.#resolve = resolve
    if (request.signal.aborted) queueMicrotask(this.#onAbort)
    else request.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  writeHead(status: number, headers: string[]): void {
    const hasBody = this.#request.method !== 'HEAD' && ![204, 205, 304].includes(status)
    const pairs: [string, string][] = []
    for (let i = 0; i + 1 < headers.length; i += 2) {
      pairs.push([headers[i] as string, headers[i + 1] as string])
    }
    const response = new Response(hasBody ? this.#stream() : null, { status, headers: pairs })
    this.#responded = true
    this.#resolve(response)
  }

  writeContinue(): void {}

  flushHeaders(): void {}

  write(chunk: Buffer): boolean {
    if (this.#closed || !this.#body) return true
    this.#body.enqueue(chunk)
    return (this.#body.desiredSize ?? 0) > 0
  }

  end(chunk?: Buffer | string, encoding: BufferEncoding = 'utf8'): void {
    if (typeof chunk === 'string') this.write(Buffer.from(chunk, encoding))
    else if (chunk !== undefined) this.write(chunk)
    if (this.#closed) return
    this.#body?.close()
    this.#close()
  }

  destroy(error?: Error): void {
    if (this.#closed) return
    this.#body?.error(error ?? new Error('the answer broke off'))
    this.#close()
  }

  #stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#body = controller
        },
        pull: () => {
          this.emit('drain')
        },
        cancel: () => this.#close(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: bufferedBytes }),
    )
  }

  /** Once, and not before the caller has returned, as a `ServerResponse` does it. */
  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#request.signal.removeEventListener('abort', this.#onAbort)
    queueMicrotask(() => this.emit('close'))
  }

  readonly #onAbort = (): void => {
    // Nobody reads it, but a promise that is never kept would hold the whole request.
    if (!this.#responded) this.#resolve(new Response(null, { status: 499 }))
    this.destroy(new Error('the client went away'))
  }
}
