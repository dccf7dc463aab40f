import type { RemotePlace } from './location.ts'
import type { RouteMatch } from './match-route.ts'

/**
 * What may follow a remote's name. A path is sent byte for byte or refused: it is never decoded,
 * resolved or tidied on its way, because two parties that tidy differently are how a proxy is left.
 */

// Unreserved characters and sub-delimiters, no segment that is empty or begins with a dot: nothing
// that any server could read as another path. Almost every real path ends its examination here.
const plainPath = /^(?:\/[\w~!$&'()*+,=:@-][\w~!$&'()*+,=:@.-]*)*\/?$/

// Bytes that have no place in a request-target (RFC 9112 section 3.2), and the backslash, which
// some servers take for a slash.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\u0000-\u0020#\\\u007f]/

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbiddenInQuery = /[\u0000-\u0020#\u007f]/

const malformedEscape = /%(?![0-9A-Fa-f]{2})/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f\u007f]/
// UTF-8 that is longer than it had to be: an old way to write `.` and `/` past a filter.
const overlong = /[\u00c0\u00c1][\u0080-\u00bf]|\u00e0[\u0080-\u009f]|\u00f0[\u0080-\u008f]/

/** Decodings that are tried in search of a hidden dot segment; a path that still changes is refused. */
const maxDecodings = 4

/** True when no server could read this path as another one, or stumble over it. */
export function isPlainPath(path: string): boolean {
  return plainPath.test(path)
}

/** True when `path` (`''` or from its first `/` on) stays below the target whatever server reads it (P1). */
export function isSafePath(path: string): boolean {
  return plainPath.test(path) || isSafeOddPath(path)
}

/** True when `query` (`''` or from its `?` on) may be sent: anything but what ends a query or a request line. */
export function isSafeQuery(query: string): boolean {
  return !forbiddenInQuery.test(query)
}

/**
 * The path and query that are asked of the target: its prefix, and behind it the same bytes. The path must
 * be safe; that the origin cannot change by it is asserted once more for every path that is not plain.
 */
export function upstreamPath(place: RemotePlace, { path, query }: RouteMatch): string {
  const whole = place.prefix + path
  if (whole === '') return `/${query}`
  if (!plainPath.test(whole) && new URL(place.origin + whole).origin !== place.origin) {
    throw new TypeError('a path changed the origin')
  }
  return whole + query
}

function isSafeOddPath(path: string): boolean {
  if (path === '') return true
  if (!path.startsWith('/') || forbidden.test(path) || malformedEscape.test(path)) return false
  let reading = path
  for (let times = 0; times <= maxDecodings; times += 1) {
    if (controls.test(reading) || overlong.test(reading)) return false
    if (climbs(reading) || climbs(asCompatibilityText(reading))) return false
    const decoded = decodeOnce(reading)
    if (decoded === reading) return true
    reading = decoded
  }
  return false
}

/** True when a server could see a dot segment, or another host at the beginning. */
function climbs(path: string): boolean {
  const segments = path.split(/[/\\]/)
  if (segments.length > 2 && segments[1] === '') return true
  return segments.some(isDots)
}

/** `.` and `..`, also with path parameters (`..;x`), and with the blanks and dots that Windows drops. */
function isDots(segment: string): boolean {
  const semicolon = segment.indexOf(';')
  const name = semicolon < 0 ? segment : segment.slice(0, semicolon)
  return name.includes('.') && /^[.\s]+$/.test(name)
}

function decodeOnce(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** Bytes read as UTF-8, full-width and other look-alike characters read as the plain ones. */
function asCompatibilityText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8').normalize('NFKC')
}
