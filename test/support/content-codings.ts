import {
  brotliCompressSync,
  createBrotliCompress,
  createDeflate,
  createGzip,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'

const coders: Record<string, (plain: Buffer) => Buffer> = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  deflate: deflateSync,
  // What some servers mean by `deflate`.
  bare: deflateRawSync,
}

/** A body as an API sends it that says `Content-Encoding: <codings>`. Codings nobody knows do nothing. */
export function encode(plain: Buffer, codings: string): Buffer {
  return codings.split(/,\s*/).reduce((body, coding) => coders[coding]?.(body) ?? body, plain)
}

export const streamingCoders = {
  gzip: createGzip,
  br: createBrotliCompress,
  zstd: createZstdCompress,
  deflate: createDeflate,
}

/** Text of every length in UTF-8, and every byte. */
export const variedBodies: Readonly<Record<string, Buffer>> = {
  text: Buffer.from('{"name":"Jürgen","city":"漢字","ticket":"🎟"}\n'.repeat(40)),
  binary: Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7 + (i >> 8)) & 0xff)),
  empty: Buffer.alloc(0),
}
