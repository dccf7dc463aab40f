import type { Dispatcher } from 'undici'
import { codingsOf, createDecoder } from './decode-content.ts'

/** More than any answer that is read whole may have; what is longer is cut one byte behind it, and so told as too long. */
const maxBytes = 1 << 20

type Bytes = Buffer<ArrayBuffer>
type Controller = Dispatcher.DispatchController

/**
 * The part of `fetch` that a call to the provider needs, at a third of its price: an address, a method, headers and a
 * text go, and a `Response` comes back whose body has been read. Follows no redirect, keeps nothing, and takes no more
 * than one byte over 1 MiB of a body. Rejects as `fetch` does: with `TypeError`, or with the signal's reason.
 */
export function createPlainFetch(dispatcher: Pick<Dispatcher, 'dispatch'>): typeof fetch {
  return async (input, init = {}) => {
    if (input instanceof Request) throw new TypeError('an address is asked for, not a Request')
    const { origin, pathname, search } = new URL(input)
    const { method = 'GET', signal } = init
    const asked = {
      ...{ origin, path: `${pathname}${search}`, method: method as Dispatcher.HttpMethod },
      ...{ headers: headersOf(init), body: textOf(init.body) },
    }
    signal?.throwIfAborted()
    const { status, headers, chunks } = await new Promise<Answer>((resolve, reject) => {
      dispatcher.dispatch(asked, new AnswerReader(resolve, reject, signal ?? undefined))
    })
    try {
      const coding = headers.get('content-encoding') ?? ''
      const bytes = await plain(Buffer.concat(chunks), coding, signal ?? undefined)
      const isEmpty = status === 204 || status === 205 || status === 304
      const body = isEmpty ? null : bytes.subarray(0, maxBytes + 1)
      // Without the reason phrase: it may hold what no Response may (RFC 9112 section 4), and says nothing.
      return new Response(body, { status, headers })
    } catch (cause) {
      signal?.throwIfAborted()
      throw failed(cause)
    }
  }
}

const failed = (cause: unknown) => new TypeError('fetch failed', { cause })

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
  throw new TypeError('only text can be sent')
}

/** What came, its body as it came. */
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly chunks: readonly Buffer[]
}

/** undici's handler of one request. */
class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Answer) => void
  readonly #reject: (error: unknown) => void
  readonly #signal: AbortSignal | undefined
  readonly #chunks: Buffer[] = []
  #controller: Controller | undefined
  #left = maxBytes
  #head = { status: 0, headers: new Headers() }
  #isOver = false

  constructor(
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    // Given up while it waited for a connection.
    if (this.#isOver) controller.abort(new Error('given up'))
  }

  onResponseStart(
    _controller: Controller,
    status: number,
    fields: Record<string, string | string[] | undefined>,
  ): void {
    const headers = new Headers()
    for (const [name, values] of Object.entries(fields)) {
      for (const value of [values ?? []].flat()) headers.append(name, value)
    }
    // Those of interim answers are followed by the final ones.
    this.#head = { status, headers }
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#left -= chunk.length
    if (this.#left >= 0) return
    this.onResponseEnd()
    controller.abort(new Error('the answer is too long'))
  }

  onResponseEnd(): void {
    if (this.#end()) this.#resolve({ ...this.#head, chunks: this.#chunks })
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#end()) this.#reject(failed(error))
  }

  readonly #onAbort = (): void => {
    if (this.#end()) this.#reject(this.#signal?.reason)
    this.#controller?.abort(new Error('given up'))
  }

  /** True the first time. */
  #end(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    return true
  }
}

/**
 * As `fetch` reads it: of a coding that nobody knows the bytes are left as they are, and so they are of more than one, which
 * no server applies and by which a few bytes become hours. Rejects when they are broken, or when the time is over.
 */
async function plain(
  body: Bytes,
  contentEncoding: string,
  signal: AbortSignal | undefined,
): Promise<Bytes> {
  const codings = codingsOf(contentEncoding) ?? []
  if (codings.length !== 1 || body.length === 0) return body
  signal?.throwIfAborted()
  const { input, output } = createDecoder(codings, body)
  const stop = () => void output.destroy(new Error('given up'))
  signal?.addEventListener('abort', stop)
  input.end(body)
  const chunks: Buffer[] = []
  let left = maxBytes
  // Leaving the loop ends the decoding: a few bytes may become any number.
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      left -= chunk.length
      if (left < 0) break
    }
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  return Buffer.concat(chunks)
}
