import { type Coding, codingsOf } from '../http/decode-content.ts'

/** The head of an answer whose body the host will send plain. */
export interface DecodedHead {
  readonly pairs: [string, string][]
  /** What has to be undone. */
  readonly codings: readonly Coding[]
}

// What is true of the coded bytes only: their number, their digests (RFC 9530), their ranges.
const ofCodedBytes = new Set([
  ...['content-encoding', 'content-length', 'accept-ranges'],
  ...['content-digest', 'repr-digest', 'digest', 'content-md5'],
])

/**
 * An answer's headers, as a flat list, without what is untrue once its body is decoded. Throws for a part
 * of a coded body, which nobody can decode. Unknown codings: everything stays as it is.
 */
export function decodedHead(
  status: number,
  headers: readonly string[],
  requested: Headers,
): DecodedHead {
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    pairs.push([headers[i] as string, headers[i + 1] as string])
  }
  if (status === 304)
    return { pairs: pairs.map((pair) => revalidated(pair, requested)), codings: [] }
  const encodings = pairs.filter(([name]) => name.toLowerCase() === 'content-encoding')
  const codings = codingsOf(encodings.map(([, value]) => value).join()) ?? []
  if (codings.length === 0) return { pairs, codings }
  if (status === 206) throw new Error('a part of a coded body')
  const kept = pairs.filter(([name]) => !ofCodedBytes.has(name.toLowerCase()))
  return { pairs: kept.map(weakened), codings }
}

/** RFC 9110 section 8.8.1: a strong validator is that of the very bytes. */
function weakened([name, value]: [string, string]): [string, string] {
  const isStrong = name.toLowerCase() === 'etag' && !value.startsWith('W/')
  return [name, isStrong ? `W/${value}` : value]
}

/** A stored answer is refreshed by the tag that it has (RFC 9111 section 4.3.4), so by the one we gave. */
function revalidated(pair: [string, string], requested: Headers): [string, string] {
  const [name, value] = weakened(pair)
  return requested.get('if-none-match')?.includes(value) ? [name, value] : pair
}
