import { stripWhiteSpace } from './white-space.ts'

export interface CookieOptions {
  readonly secure: boolean
  readonly sameSite: 'Strict' | 'Lax' | 'None'
  /** Seconds; 0 deletes the cookie; without it the cookie lives as long as the browser. */
  readonly maxAgeSeconds?: number
}

/** Every value that a `Cookie` header gives for this name, in order. A browser may send several. */
export function readCookies(header: string | undefined, name: string): string[] {
  const values: string[] = []
  eachCookie(header, (found, value) => {
    if (found === name) values.push(value)
  })
  return values
}

/**
 * Calls back for each `name=value` of a `Cookie` header, one character a byte. Space and tab around them are
 * not part of either; any other byte is, since browsers store it as part of the name (S14).
 */
export function eachCookie(
  header: string | undefined,
  callback: (name: string, value: string) => void,
): void {
  if (!header) return
  let from = 0
  while (from < header.length) {
    let to = header.indexOf(';', from)
    if (to < 0) to = header.length
    const equals = header.indexOf('=', from)
    if (equals > 0 && equals < to) {
      const name = stripWhiteSpace(header.slice(from, equals))
      callback(name, stripWhiteSpace(header.slice(equals + 1, to)))
    }
    from = to + 1
  }
}

/**
 * One `Set-Cookie` value: HttpOnly, Path=/, no Domain, always (S1). The value must be cookie-safe, as
 * seals are; anything else is a mistake of ours and throws.
 */
export function serializeCookie(name: string, value: string, options: CookieOptions): string {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new TypeError('cookie name is not a token')
  if (!/^[\w!#$%&'()*+./:<=>?@[\]^`{|}~-]*$/.test(value))
    throw new TypeError('cookie value is unsafe')
  const parts = [`${name}=${value}`, 'Path=/', 'HttpOnly', `SameSite=${options.sameSite}`]
  if (options.secure) parts.push('Secure')
  if (options.maxAgeSeconds !== undefined)
    parts.push(`Max-Age=${Math.floor(options.maxAgeSeconds)}`)
  return parts.join('; ')
}
