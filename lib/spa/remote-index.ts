import { type Document, toDocument } from './documents.ts'

export interface RemoteIndexDeps {
  /** Of the `index.html`. */
  readonly url: string
  readonly fetch: typeof fetch
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Told of a fetch that failed, once until one succeeds. */
  readonly onFailed: (cause: unknown) => void
}

const freshMs = 10_000
const timeoutMs = 5_000
const maxBytes = 2 * 1024 * 1024

/**
 * The page of an app on a CDN. Whoever comes first waits for it; after that an older one is shown while a newer one
 * is fetched, and for as long as none can be had. Rejects while there has been none at all.
 */
export function createRemoteIndex({ url, fetch, now, onFailed }: RemoteIndexDeps) {
  let kept: { readonly document: Document; readonly at: number } | undefined
  let underWay: Promise<Document> | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  let isTold = false

  async function load(): Promise<Document> {
    try {
      const answer = await fetch(url, {
        headers: { accept: 'text/html' },
        redirect: 'follow',
        signal: AbortSignal.timeout(timeoutMs),
      })
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
      const document = toDocument(await bytesOf(answer))
      kept = { document, at: now() }
      isTold = false
      return document
    } catch (cause) {
      failedAt = now()
      if (!isTold) onFailed(cause)
      isTold = true
      throw cause
    } finally {
      underWay = undefined
    }
  }

  return async (): Promise<Document> => {
    const isFresh = kept !== undefined && now() - kept.at < freshMs
    if (isFresh && kept) return kept.document
    // One that just failed is not asked by everybody.
    const mayAsk = now() - failedAt >= 1_000
    if (mayAsk || !kept) underWay ??= load()
    if (!kept) return underWay as Promise<Document>
    underWay?.catch(() => {})
    return kept.document
  }
}

async function bytesOf(answer: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`${answer.url} is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
