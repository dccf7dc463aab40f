import { createHash } from 'node:crypto'

/** Bytes. An index takes rows of some 2,700, a notification of 8,000. */
const longestName = 512

/** Of private use, so in no text of ours: what follows is to be read in another way. */
export const mark = '\ue000'

/**
 * A text as PostgreSQL takes it: U+0000 is the one character that it does not, so that is written in two,
 * as is the character which says so.
 */
export function storedText(text: string): string {
  return text.includes('\0') || text.includes(mark)
    ? text.replaceAll(mark, `${mark}1`).replaceAll('\0', `${mark}0`)
    : text
}

export function originalText(stored: string): string {
  return stored.includes(mark)
    ? stored.replace(/\ue000([01])/g, (_, which) => (which === '0' ? '\0' : mark))
    : stored
}

/** What a key is called in an index and in a notification: itself, or its hash where it is long. */
export function storedName(key: string): string {
  const text = storedText(key)
  if (text.length * 3 <= longestName || Buffer.byteLength(text) <= longestName) return text
  return `${mark}#${createHash('sha256').update(text).digest('base64url')}`
}
