import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Document } from './documents.ts'
import { accepts, encodings } from './encodings.ts'

/** Writes a page, or that the browser has it already. */
export function sendDocument(
  { method, headers: asked }: IncomingMessage,
  response: ServerResponse,
  { bytes, etag }: Document,
  headers: Readonly<Record<string, string>>,
): void {
  const coding = encodings.find((each) => accepts(asked['accept-encoding'], each.coding))?.coding
  const body = bytes[coding ?? 'identity']
  // Each representation has its own (RFC 9110 section 8.8.3.3).
  const tag = coding ? `${etag.slice(0, -1)}-${coding}"` : etag
  const isKnown = (asked['if-none-match'] ?? '')
    .split(',')
    .some((each) => each.trim().replace(/^W\//, '') === tag)
  response.writeHead(isKnown ? 304 : 200, {
    ...headers,
    'cache-control': 'no-cache',
    etag: tag,
    vary: 'Accept-Encoding, Sec-Fetch-Dest',
    ...(isKnown
      ? {}
      : {
          'content-type': 'text/html; charset=utf-8',
          'content-length': body.length,
          ...(coding ? { 'content-encoding': coding } : {}),
        }),
  })
  response.end(isKnown || method === 'HEAD' ? undefined : body)
}

/** As `fetch` has them: what looks at navigations reads these. */
export function headersIn({ headers }: IncomingMessage): Headers {
  const names = ['sec-fetch-dest', 'sec-fetch-mode', 'accept'] as const
  return new Headers(
    names.flatMap((name): [string, string][] => {
      const value = headers[name]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
}
