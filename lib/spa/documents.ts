import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { inlineScripts } from './inline-scripts.ts'

/** A page as it lies in the folder, with what is worked out from it once. */
export interface Document {
  readonly etag: string
  /** Sources of its inline scripts. */
  readonly scripts: readonly string[]
  readonly bytes: { readonly identity: Buffer; readonly br: Buffer; readonly gzip: Buffer }
}

interface Known {
  readonly mark: string
  readonly document: Document
}

const most = 50

/**
 * Pages of a folder, read again when their file has changed: a new build into the same folder is seen at once. Keeps
 * a limited number.
 */
export function createDocuments() {
  const known = new Map<string, Known>()

  /** Undefined when there is no such file. */
  return async (file: string): Promise<Document | undefined> => {
    const found = await stat(file).catch(() => undefined)
    if (!found?.isFile()) return undefined
    const mark = `${found.ino}-${found.size}-${found.mtimeMs}`
    const before = known.get(file)
    if (before?.mark === mark) return before.document
    const bytes = await readFile(file).catch(() => undefined)
    if (!bytes) return undefined
    const document = toDocument(bytes)
    if (known.size >= most) known.delete(known.keys().next().value ?? '')
    known.set(file, { mark, document })
    return document
  }
}

// The best one takes a blink of an eye too long.
const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }

/** A page that was read, from wherever. */
export function toDocument(identity: Buffer): Document {
  return {
    etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 27)}"`,
    scripts: inlineScripts(identity.toString('utf8')),
    bytes: { identity, br: brotliCompressSync(identity, quick), gzip: gzipSync(identity) },
  }
}
