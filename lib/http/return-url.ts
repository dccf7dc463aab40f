import { isOwnPath } from './own-paths.ts'

/** A URL that is safe to redirect to after sign-in or sign-out. Made by `parseReturnUrl` only. */
export type ReturnUrl = string & { readonly brand: 'ReturnUrl' }

export interface ReturnUrlRule {
  readonly publicOrigin: string
  /** Further origins that may be returned to (split hosts). */
  readonly origins: readonly string[]
  /** Paths of the endpoints and the remote APIs: a person returns to a page (P29). */
  readonly ownPaths: readonly string[]
}

/** It travels through the provider and back: with more, some server on the way would refuse the address. */
const maxBytes = 1024

/**
 * Accepts a return URL only if a browser would resolve it to the public origin or a listed one (L8).
 * A local one becomes an absolute path; a listed origin's stays absolute. Absent means `/`. Length is no
 * danger: what is longer than 1,024 bytes, encoded, shrinks to its path, and then to `/`.
 * Undefined: refused. Runs again when a stored one is read back.
 */
export function parseReturnUrl(
  value: string | null | undefined,
  rule: ReturnUrlRule,
): ReturnUrl | undefined {
  if (value === null || value === undefined || value === '') return '/' as ReturnUrl
  // Browsers drop tabs and line breaks and read a backslash as a slash: refuse what they would mend.
  if (hasUnsafeCharacter(value) || value.includes('\\')) return undefined
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(value)
  if (!absolute && (!value.startsWith('/') || value.startsWith('//'))) return undefined
  if (absolute && !/^https?:\/\/[^/]/i.test(value)) return undefined
  const url = URL.parse(value, `${rule.publicOrigin}/`)
  if (!url || url.username || url.password) return undefined
  const local = `${url.pathname}${url.search}${url.hash}`
  // `/.//evil.example` resolves to the path `//evil.example`, and that is another host in a Location.
  if (local.startsWith('//') || isEncodedEscape(url.pathname)) return undefined
  if (url.origin === rule.publicOrigin) {
    return isOwnPath(url.pathname, rule.ownPaths) ? undefined : shrunk('', url)
  }
  return rule.origins.includes(url.origin) ? shrunk(url.origin, url) : undefined
}

function shrunk(origin: string, { pathname, search, hash }: URL): ReturnUrl {
  const whole = `${origin}${pathname}${search}${hash}`
  const path = `${origin}${pathname}`
  return ([whole, path].find((it) => it.length <= maxBytes) ?? `${origin}/`) as ReturnUrl
}

function hasUnsafeCharacter(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code <= 0x20 || code === 0x7f || (code >= 0x80 && code <= 0x9f)) return true
  }
  return false
}

/** A path that begins with an encoded slash or backslash: some client on the way may decode it once. */
function isEncodedEscape(path: string): boolean {
  return /^\/*(%2f|%5c|%09|%0a|%0d)/i.test(path)
}
