import { EventEmitter } from 'node:events'
import { type Coding, createDecoder, type Decoder } from '../http/decode-content.ts'
import type { AnswerSink } from '../remote/remote-request.ts'
import { decodedHead } from './decoded-head.ts'
import type { HeadLine } from './next-answer-head.ts'

const bufferedBytes = 64 * 1024
const noBytes = new Uint8Array()

/** Takes the answer, and the lines of its head as they were: a `Response` joins those of one name. */
type Resolve = (response: Response, lines?: readonly HeadLine[]) => void

/**
 * Makes a `Response` of what the proxy writes. Next drops `Content-Encoding` from the answers of route
 * handlers and keeps the bytes, so coded bodies are decoded here, as they come (P16).
 */
export class ResponseSink extends EventEmitter implements AnswerSink {
  readonly #request: Request
  readonly #resolve: Resolve
  #body: ReadableStreamDefaultController<Uint8Array> | undefined
  /** Of the body that is written, while nothing of it has come. */
  #codings: readonly Coding[] = []
  #decoder: Decoder | undefined
  #responded = false
  #closed = false

  constructor(request: Request, resolve: Resolve) {
    super()
    this.#request = request
    this.#resolve = resolve
    if (request.signal.aborted) queueMicrotask(this.#onAbort)
    else request.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  writeHead(status: number, headers: string[]): void {
    const hasBody = this.#request.method !== 'HEAD' && ![204, 205, 304].includes(status)
    const { pairs, codings } = decodedHead(status, headers, this.#request.headers)
    this.#codings = codings
    const response = new Response(hasBody ? this.#stream() : null, { status, headers: pairs })
    this.#responded = true
    this.#resolve(response, pairs)
  }

  writeContinue(): void {}

  /** Next sends the head with the first bytes of the body, be they none (P5). */
  flushHeaders(): void {
    if (!this.#closed) this.#body?.enqueue(noBytes)
  }

  write(chunk: Buffer): boolean {
    if (this.#closed || !this.#body) return true
    if (this.#codings.length > 0) this.#decoder ??= this.#decode(chunk)
    return this.#decoder ? this.#decoder.input.write(chunk) : this.#enqueue(chunk)
  }

  end(chunk?: Buffer | string, encoding: BufferEncoding = 'utf8'): void {
    if (typeof chunk === 'string') this.write(Buffer.from(chunk, encoding))
    else if (chunk !== undefined) this.write(chunk)
    if (this.#decoder) this.#decoder.input.end()
    else this.#complete()
  }

  destroy(error?: Error): void {
    if (this.#closed) return
    // Next cuts the connection whatever the error is, and prints all but those of this name.
    const cut = new Error('the answer broke off', { cause: error })
    cut.name = 'AbortError'
    this.#body?.error(cut)
    this.#close()
  }

  #enqueue(chunk: Uint8Array): boolean {
    this.#body?.enqueue(chunk)
    return (this.#body?.desiredSize ?? 0) > 0
  }

  #complete(): void {
    if (this.#closed) return
    this.#body?.close()
    this.#close()
  }

  #decode(firstChunk: Buffer): Decoder {
    const decoder = createDecoder(this.#codings, firstChunk)
    const { input, output } = decoder
    input.on('drain', () => this.emit('drain'))
    output.on('data', (chunk: Buffer) => {
      if (!this.#closed && !this.#enqueue(chunk)) output.pause()
    })
    output.on('end', () => this.#complete())
    output.on('error', (error) => this.destroy(error))
    return decoder
  }

  #stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#body = controller
        },
        pull: () => {
          if (this.#decoder) this.#decoder.output.resume()
          else this.emit('drain')
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
    this.#decoder?.input.destroy()
    this.#decoder?.output.destroy()
    queueMicrotask(() => this.emit('close'))
  }

  readonly #onAbort = (): void => {
    // Nobody reads it, but a promise that is never kept would hold the whole request.
    if (!this.#responded) this.#resolve(new Response(null, { status: 499 }))
    this.destroy(new Error('the client went away'))
  }
}
