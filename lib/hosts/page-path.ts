import { decodedPath } from '../http/decoded-path.ts'
import { isSafePath } from '../remote/request-path.ts'

const maxDecodings = 4

/**
 * True when a path that leads to the pages leads nowhere else, whoever reads it: it has no dot segments and
 * no backslashes, plain or encoded, and is none of our own paths in another spelling. What stands in front
 * may have rules for our paths, and must not be walked around (P19). `isOurs`: an endpoint's or a remote's.
 */
export function isPagePath(path: string, isOurs: (path: string) => boolean): boolean {
  if (!isSafePath(path)) return false
  let reading = path
  for (let times = 0; times <= maxDecodings; times += 1) {
    if (isOurs(plain(reading))) return false
    const decoded = decodedPath(reading)
    if (decoded === reading) return true
    reading = decoded
  }
  return false
}

/** As servers read it that merge slashes, take backslashes for them, and drop path parameters. */
function plain(path: string): string {
  return path
    .replaceAll('\\', '/')
    .replace(/;[^/]*/g, '')
    .replace(/\/{2,}/g, '/')
}
