import { type BodyRefusal, BodyRefusedError } from '../http/body-refused.ts'
import { stripWhiteSpace } from '../http/white-space.ts'

const maxBytes = 64 * 1024

/** The fields of an urlencoded body of at most 64 KiB; for anything else a problem's code. Never rejects. */
export async function readForm(
  request: Request,
): Promise<URLSearchParams | 'bad_request' | BodyRefusal> {
  const type = stripWhiteSpace(
    request.headers.get('content-type')?.split(';')[0] ?? '',
  ).toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') return 'bad_request'
  if (!request.body) return new URLSearchParams()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body) {
      size += chunk.byteLength
      if (size > maxBytes) return 'body_too_large'
      chunks.push(chunk)
    }
  } catch (error) {
    return error instanceof BodyRefusedError ? error.code : 'bad_request'
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
