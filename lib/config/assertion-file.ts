import { readFileSync } from 'node:fs'
import { accepted, type Parsed, refused } from './parsed.ts'

/** A client assertion (RFC 7523) that a platform keeps in a file. Read anew whenever one is needed. */
export interface AssertionFile {
  /** Setting that names it, for messages. */
  readonly setting: string
  readonly path: string
}

/** What the file holds now: a JWT, which nobody but the provider can judge. */
export function readAssertion({ path }: AssertionFile): Parsed<string> {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    const { code } = error as { code?: string }
    return refused(
      `names ${path}, which cannot be read (${code})`,
      'check its path and permissions',
    )
  }
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)
    ? accepted(text)
    : refused(`names ${path}, which holds no JWT`, 'let the platform write its token there')
}
