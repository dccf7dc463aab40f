import { isOwnPath } from './own-paths.ts'

/** A URL that is safe to redirect to after sign-in or sign-out. Made by `parseReturnUrl` only. */
export type ReturnUrl = string & { readonly brand: 'ReturnUrl' }

export interface ReturnUrlRule {
  readonly publicOrigin: string
  /** Further origins that may be returned to (split hosts). */
  readonly origins: readonly string[]
  /** Start page of the app. @default '/' */
  readonly home?: string
  /** Paths of the endpoints and the remote APIs: a person returns to a page (P29). */
  readonly ownPaths: readonly string[]
}

/** It travels through the provider and back: with more, some server on the way would refuse the address. */
const maxBytes = 1024
/** As a parameter of another address, where every `/`, `?` and `&` in it takes three bytes. */
const maxParameterBytes = 1900

/**
 * Accepts a return URL only if a browser would resolve it to the public origin or a listed one (L8).
 * A local one becomes an absolute path; a listed origin's stays absolute. Absent means `/`. Length and
 * spelling are no danger: a blank, to which a query decodes `+`, becomes `%20`; what is longer than 1,024
 * bytes, encoded, shrinks to its path, and then to `/` (L22).
 * Undefined: refused. Runs again when a stored one is read back, and finds it unchanged.
 */
export function parseReturnUrl(
  given: string | null | undefined,
  rule: ReturnUrlRule,
): ReturnUrl | undefined {
  if (given === null || given === undefined || given === '') return homeOf(rule)
  const value = given.replaceAll(' ', '%20')
  const [beforeQuery = ''] = value.split(/[?#]/, 1)
  // Browsers drop tabs and line breaks and read a backslash as a slash: refuse what they would mend.
  if (hasUnsafeCharacter(value) || beforeQuery.includes('\\')) return undefined
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(value)
  if (!absolute && (!value.startsWith('/') || value.startsWith('//'))) return undefined
  if (absolute && !/^https?:\/\/[^/]/i.test(value)) return undefined
  const url = URL.parse(value, `${rule.publicOrigin}/`)
  if (!url || url.username || url.password) return undefined
  const local = `${url.pathname}${url.search}${url.hash}`
  // `/.//evil.example` resolves to the path `//evil.example`, and that is another host in a Location.
  if (local.startsWith('//') || isEncodedEscape(url.pathname)) return undefined
  if (url.origin === rule.publicOrigin) {
    return isOwnPath(url.pathname, rule.ownPaths) ? undefined : shrunk('', url, homeOf(rule))
  }
  return rule.origins.includes(url.origin) ? shrunk(url.origin, url, root(url.origin)) : undefined
}

/** Where a browser goes that was told nothing else. */
export function homeOf({ home = '/' }: Pick<ReturnUrlRule, 'home'>): ReturnUrl {
  return home as ReturnUrl
}

function shrunk(origin: string, { pathname, search, hash }: URL, home: ReturnUrl): ReturnUrl {
  const whole = `${origin}${pathname}${search}${hash}`
  return shorter(whole as ReturnUrl).find((it) => it.length <= maxBytes) ?? home
}

/** What is left of a return URL where there is less and less room: itself, its path, the start page. */
export function shorter(returnUrl: ReturnUrl): ReturnUrl[] {
  const [path = ''] = returnUrl.split(/[?#]/, 1)
  const [origin = ''] = /^https?:\/\/[^/]+/.exec(returnUrl) ?? []
  return [...new Set([returnUrl, path as ReturnUrl, root(origin)])]
}

/** The query that gives a page's own address to our sign-in: never one that is refused there (L22). */
export function returnUrlQuery(path: string, publicOrigin: string): string {
  const returnUrl = parseReturnUrl(path, { publicOrigin, origins: [], ownPaths: [] })
  const encoded = shorter(returnUrl ?? root('')).map(encodeURIComponent)
  return `?returnUrl=${encoded.find((it) => it.length <= maxParameterBytes)}`
}

const root = (origin: string) => `${origin}/` as ReturnUrl

function hasUnsafeCharacter(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x20 || code === 0x7f || (code >= 0x80 && code <= 0x9f)) return true
  }
  return false
}

/** A path that begins with an encoded slash or backslash: some client on the way may decode it once. */
function isEncodedEscape(path: string): boolean {
  return /^\/*(%2f|%5c|%09|%0a|%0d)/i.test(path)
}
