import { isIP } from 'node:net'

/** What a request is for, as `Sec-Fetch-Dest` says. */
export type Dest = 'document' | 'iframe' | 'empty' | 'image' | 'script'

/** How a request came about. */
export interface Origination {
  /** The page whose link, form, script or frame it is; undefined for an address that was typed. */
  readonly from: URL | undefined
  /** The addresses that redirected here, oldest first. */
  readonly through: readonly URL[]
  readonly method: string
  readonly dest: Dest
}

export type SameSite = 'strict' | 'lax' | 'none'

/** RFC 6265bis section 5.2: scheme and registrable domain; ports do not count. */
function siteOf({ protocol, hostname }: URL): string {
  const host = hostname.replace(/^\[|\]$/g, '')
  const domain = isIP(host) ? host : host.split('.').slice(-2).join('.')
  return `${protocol}//${domain}`
}

/** Fetch Metadata: the value of `Sec-Fetch-Site`. One foreign redirect makes the whole request cross-site. */
export function fetchSite(to: URL, { from, through }: Origination): string {
  if (!from) return 'none'
  const urls = [...through, to]
  if (urls.some((url) => siteOf(url) !== siteOf(from))) return 'cross-site'
  return urls.every((url) => url.origin === from.origin) ? 'same-origin' : 'same-site'
}

/** Fetch Metadata: the value of `Sec-Fetch-Mode`. */
export function fetchMode(dest: Dest): string {
  if (dest === 'document' || dest === 'iframe') return 'navigate'
  return dest === 'empty' ? 'cors' : 'no-cors'
}

/**
 * RFC 6265bis section 5.8.3: whether a cookie comes along. A top-level navigation that another site started,
 * or that passed through one, has no Strict cookie (the strictest reading; Chromium looks at who started it
 * only). Below a page, in frames too, the page's site decides.
 */
export function sendsCookie(sameSite: SameSite, to: URL, how: Origination): boolean {
  if (sameSite === 'none') return true
  const before = how.dest === 'document' ? how.through : []
  const others = how.from ? [how.from, ...before] : before
  if (others.every((url) => siteOf(url) === siteOf(to))) return true
  const safe = ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(how.method)
  return sameSite === 'lax' && how.dest === 'document' && safe
}
