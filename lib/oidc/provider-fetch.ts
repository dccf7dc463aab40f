import type { CustomFetch } from 'openid-client'
import { given } from '../http/given.ts'
import { isLoopback } from '../http/loopback.ts'
import { errorCode } from './error-code.ts'
import { errorDescription } from './error-description.ts'
import { type SentValues, sentValues } from './sent-values.ts'
import { readTokenAnswer } from './token-answer.ts'

/** Milliseconds after which a call to the provider is given up (L13). */
export const callLimitMs = 5_000
/** Token requests get longer: one that is given up may have consumed the refresh token. */
export const tokenLimitMs = 15_000

const maxBodyBytes = 1 << 20

/** What the latest request of a call brought, for the decision whose fault a failure is. */
export interface ProviderAnswer {
  /** False while nothing has left this process. */
  sent: boolean
  /** HTTP status, once the whole answer has arrived. */
  status?: number
  /** OAuth error code of a 4xx answer, or of a 2xx without a token, whatever the content type (`errorCode`). */
  error?: string
  /** `error_description` of the same answer (`errorDescription`). */
  description?: string
  method?: string
  /** Where it was sent, without query and fragment. */
  url?: string
  /** Epoch milliseconds of its `Date`. */
  date?: number
}

export interface ProviderFetchOptions {
  readonly fetch: typeof fetch
  /** For the whole call: every request made through the answered function shares it. */
  readonly limitMs: number
  readonly answer?: ProviderAnswer
  /** Told of every `DPoP-Nonce`, on whatever answer it comes (RFC 9449 section 8.2). */
  onNonce?(url: string, nonce: string): void
}

/**
 * A fetch for one call to the provider: time limit including the body, at most 1 MiB, no redirects,
 * no cache, and no plain HTTP except on loopback.
 */
export function createProviderFetch(options: ProviderFetchOptions): CustomFetch {
  const { answer, onNonce } = options
  const signal = AbortSignal.timeout(options.limitMs)
  return async (url, init) => {
    assertSafe(url)
    if (answer) {
      answer.sent = true
      delete answer.status
      delete answer.error
      delete answer.description
      delete answer.date
      answer.method = init.method ?? 'GET'
      answer.url = withoutQuery(url)
    }
    // redirect: a provider's endpoint that redirects is not the endpoint of its metadata.
    // cache: on the Next host, the global fetch would otherwise be cached by the framework.
    const response = await options.fetch(url, {
      ...(init as RequestInit),
      redirect: 'manual',
      cache: 'no-store',
      signal,
    })
    const body = await readBody(response)
    const nonce = response.headers.get('dpop-nonce')
    if (nonce) onNonce?.(url, nonce)
    if (answer) {
      answer.status = response.status
      const date = Date.parse(response.headers.get('date') ?? '')
      if (date > 0) answer.date = date
      Object.assign(
        answer,
        errorOf(body, response.status, () => sentValues(url, init)),
      )
    }
    const { status, headers } = response
    return new Response(body.length > 0 ? body : null, { status, headers })
  }
}

/** Plain HTTP never leaves the machine: secrets and tokens travel on these calls. */
export function isLoopbackHttp(url: URL): boolean {
  return url.protocol === 'http:' && isLoopback(url.hostname)
}

function assertSafe(value: string): void {
  const url = new URL(value)
  if (url.protocol !== 'https:' && !isLoopbackHttp(url)) {
    throw new Error(`the provider's address is neither https nor on loopback: ${url.origin}`)
  }
}

async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (response.body) {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      length += chunk.length
      // Leaving the loop cancels the body. Without a body the answer is judged by its status.
      if (length > maxBodyBytes) return new Uint8Array()
      chunks.push(chunk)
    }
  }
  return Buffer.concat(chunks, length) as Uint8Array<ArrayBuffer>
}

function errorOf(
  body: Uint8Array,
  status: number,
  sent: () => SentValues,
): Pick<ProviderAnswer, 'error' | 'description'> {
  try {
    const answer = JSON.parse(new TextDecoder().decode(body))
    if (status < 400 && readTokenAnswer(answer)) return {}
    const { all, secret } = sent()
    return given({
      error: errorCode(answer?.error, all),
      description: errorDescription(answer?.error_description, secret),
    })
  } catch {
    return {}
  }
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
