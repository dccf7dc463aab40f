const tab = 9
const space = 32

/**
 * `text` without the white space around it that HTTP knows: space and tab (RFC 9110 section 5.6.3). Never
 * `trim()`: U+00A0, which it takes for white space too, is a byte of a name to a browser, and what it
 * stored under that name would be read here as a cookie of ours.
 */
export function stripWhiteSpace(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isWhiteSpace(text.charCodeAt(from))) from += 1
  while (to > from && isWhiteSpace(text.charCodeAt(to - 1))) to -= 1
  return text.slice(from, to)
}

function isWhiteSpace(code: number): boolean {
  return code === space || code === tab
}
