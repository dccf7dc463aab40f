/**
 * True for an address that is no page: at or below one of `own` (the remote APIs, the endpoints) or of
 * `/_next`. Judged in every spelling that a router may read it in, for whoever sends a browser there from
 * our own origin lends it the trust that a page of ours has (P29).
 */
export function isOwnPath(pathname: string, own: readonly string[]): boolean {
  return spellings(pathname).some((spelling) =>
    ['/_next', ...own].some((path) => isAtOrBelow(spelling, path.toLowerCase())),
  )
}

/** What Next's data requests (`/_next/data/<build>/account.json`) are about; every other path is its own. */
export function pageOfPath(pathname: string): string {
  const data = /^\/_next\/data\/[^/]+(\/.*?)(?:\.json)?\/?$/.exec(pathname)
  if (data === null) return pathname
  return data[1] === '/index' ? '/' : (data[1] ?? '/')
}

function isAtOrBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

// More than any router decodes; what is still encoded then is refused where it arrives.
const maxDecodings = 4

/** Lower case, as it is and decoded, its slashes and dot segments both kept and resolved. */
function spellings(pathname: string): string[] {
  const found: string[] = []
  let path = pathname
  for (let times = 0; times <= maxDecodings; times += 1) {
    const tidy = path
      .toLowerCase()
      .replaceAll('\\', '/')
      .replace(/\/{2,}/g, '/')
    found.push(tidy, URL.parse(tidy, 'http://x/')?.pathname.replace(/\/{2,}/g, '/') ?? tidy)
    const decoded = decode(path)
    if (decoded === path) break
    path = decoded
  }
  return found
}

function decode(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}
