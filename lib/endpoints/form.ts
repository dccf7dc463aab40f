import { stripWhiteSpace } from '../http/white-space.ts'

const maxBytes = 64 * 1024

/** The fields of an urlencoded body of at most 64 KiB; `invalid` for anything else. Never rejects. */
export async function readForm(request: Request): Promise<URLSearchParams | 'invalid'> {
  const type = stripWhiteSpace(
    request.headers.get('content-type')?.split(';')[0] ?? '',
  ).toLowerCase()
  if (type !== 'application/x-www-form-urlencoded' || !request.body) return 'invalid'
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body) {
      size += chunk.byteLength
      if (size > maxBytes) return 'invalid'
      chunks.push(chunk)
    }
  } catch {
    return 'invalid'
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
