import { type Duplex, PassThrough, pipeline, type Readable, type Writable } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'

/** A content coding that can be undone (RFC 9110 section 8.4.1, RFC 7932, RFC 8878). */
export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** Nobody applies more; each one multiplies what a few bytes may become. */
const maxCodings = 3

/**
 * The codings of a body, in the order in which they were applied. `undefined`: one of them is none that
 * we know, and the bytes are left as they are, as browsers do.
 */
export function codingsOf(contentEncoding: string): readonly Coding[] | undefined {
  const names = contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((name) => name !== '' && name !== 'identity')
  const codings = names.map((name) => (name === 'x-gzip' ? 'gzip' : name))
  return codings.length <= maxCodings && codings.every(isCoding) ? codings : undefined
}

function isCoding(name: string): name is Coding {
  return name === 'gzip' || name === 'deflate' || name === 'br' || name === 'zstd'
}

/** Coded bytes go into one end and come plain out of the other, which is destroyed when they are broken. */
export interface Decoder {
  readonly input: Writable
  readonly output: Readable
}

/** What came in is out before more is taken: no body grows in memory, whatever it decodes to. */
export function createDecoder(codings: readonly Coding[], firstChunk: Uint8Array): Decoder {
  const stages = codings.toReversed().map((coding, i) => decoderOf(coding, i === 0 && firstChunk))
  const input = stages[0] ?? new PassThrough()
  const output = stages.at(-1) ?? input
  if (stages.length > 1) pipeline(stages, () => undefined)
  return { input, output }
}

function decoderOf(coding: Coding, firstChunk: Uint8Array | false): Duplex {
  switch (coding) {
    case 'gzip':
      return createGunzip()
    case 'deflate':
      // It is zlib's format (RFC 9110 section 8.4.1.2), but some servers send it without that frame.
      return firstChunk && ((firstChunk[0] ?? 0) & 0x0f) !== 8
        ? createInflateRaw()
        : createInflate()
    case 'br':
      return createBrotliDecompress()
    case 'zstd':
      return createZstdDecompress({
        // RFC 9659 section 3: windows of at most 8 MB.
        params: { [constants.ZSTD_d_windowLogMax]: 23 },
        // It would drop a second frame that came in one chunk with the first.
        rejectGarbageAfterEnd: true,
      })
  }
}
