import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { Dispatcher } from 'undici'

/** More than any answer that is read whole may have; what is longer is cut behind it, and told as too long. */
const maxBytes = 1 << 20

/**
 * The part of `fetch` that a call to the provider needs, at a third of its price: an address, a method, headers and a
 * text go, and a `Response` comes back whose body has been read. Follows no redirect, keeps nothing, and takes no more
 * than one byte over 1 MiB of a body. Rejects as `fetch` does: with `TypeError`, or with the signal's reason.
 */
export function createPlainFetch(dispatcher: Pick<Dispatcher, 'dispatch'>): typeof fetch {
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const { origin, pathname, search } = new URL(input instanceof Request ? input.url : input)
      const headers = headersOf(init)
      const answer = new PlainAnswer(resolve, reject, init.signal ?? undefined)
      if (answer.isOver) return
      const { method = 'GET', body } = init
      dispatcher.dispatch(
        {
          ...{ origin, path: `${pathname}${search}`, method: method as Dispatcher.HttpMethod },
          headers,
          body: textOf(body),
        },
        answer,
      )
    })
}

function headersOf({ headers, body }: RequestInit): string[] {
  const all = new Headers(headers)
  if (!all.has('accept')) all.set('accept', '*/*')
  if (!all.has('user-agent')) all.set('user-agent', 'node')
  if (body instanceof URLSearchParams && !all.has('content-type')) {
    all.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
  }
  return [...all].flat()
}

function textOf(body: RequestInit['body']): string | null {
  if (body === undefined || body === null) return null
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body)
  throw new TypeError('only text can be sent to the provider')
}

/** undici's handler of one request. */
class PlainAnswer implements Dispatcher.DispatchHandler {
  readonly #resolve: (response: Response) => void
  readonly #reject: (error: unknown) => void
  readonly #signal: AbortSignal | undefined
  readonly #chunks: Buffer[] = []
  #controller: Dispatcher.DispatchController | undefined
  #length = 0
  #status = 0
  #statusText = ''
  #headers = new Headers()
  isOver = false

  constructor(
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Given up while it waited for a connection.
    if (this.isOver) controller.abort(new Error('given up'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    statusText = '',
  ): void {
    if (status < 200) return
    this.#status = status
    this.#statusText = statusText
    for (const [name, values] of Object.entries(headers)) {
      for (const value of typeof values === 'string' ? [values] : (values ?? [])) {
        this.#headers.append(name, value)
      }
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length <= maxBytes) return
    this.#answer()
    controller.abort(new Error('the answer is too long'))
  }

  onResponseEnd(): void {
    this.#answer()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(new TypeError('fetch failed', { cause: error }))
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#signal?.reason)
    this.#controller?.abort(new Error('given up'))
  }

  #answer(): void {
    if (this.isOver) return
    try {
      const isEmpty = this.#status === 204 || this.#status === 205 || this.#status === 304
      const body = decoded(Buffer.concat(this.#chunks), this.#headers).subarray(0, maxBytes + 1)
      const [status, statusText, headers] = [this.#status, this.#statusText, this.#headers]
      this.#end()
      this.#resolve(new Response(isEmpty ? null : body, { status, statusText, headers }))
    } catch (cause) {
      this.#fail(new TypeError('fetch failed', { cause }))
    }
  }

  #fail(error: unknown): void {
    if (this.isOver) return
    this.#end()
    this.#reject(error)
  }

  #end(): void {
    this.isOver = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}

type Decode = (body: Buffer, options: { readonly maxOutputLength: number }) => Buffer<ArrayBuffer>

const decoders: Readonly<Record<string, Decode>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}

/** We ask for no coding; some servers answer in one nevertheless. What is longer than allowed is an error. */
function decoded(body: Buffer<ArrayBuffer>, headers: Headers): Buffer<ArrayBuffer> {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (coding === 'identity' || body.length === 0) return body
  const decode = decoders[coding]
  if (!decode) throw new Error(`the answer is in the coding ${coding.slice(0, 40)}`)
  return decode(body, { maxOutputLength: maxBytes })
}
