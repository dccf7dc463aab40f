import { type Origination, type SameSite, sendsCookie } from './same-site.ts'

/** Cookies by host name and cookie name; ports do not count, as in browsers. What a test puts in is Lax. */
export interface CookieJar {
  readonly cookies: Map<string, Map<string, string>>
  /** The `Cookie` header of a request, or undefined. */
  header(to: URL, how: Origination): string | undefined
  /** Takes a line of `Set-Cookie`. */
  keep(line: string, from: URL): void
}

export function createCookieJar(): CookieJar {
  const cookies: CookieJar['cookies'] = new Map()
  const sameSites = new Map<string, SameSite>()
  const key = (host: string, name: string) => `${host} ${name}`

  return {
    cookies,
    header(to, how) {
      const sent = [...(cookies.get(to.hostname) ?? [])].filter(([name]) =>
        sendsCookie(sameSites.get(key(to.hostname, name)) ?? 'lax', to, how),
      )
      if (sent.length === 0) return undefined
      return sent.map(([name, value]) => `${name}=${value}`).join('; ')
    },
    keep(line, { hostname }) {
      const [pair = '', ...rest] = line.split(';')
      const name = pair.slice(0, pair.indexOf('=')).trim()
      const value = pair.slice(pair.indexOf('=') + 1).trim()
      const attributes = new Map(rest.map(attribute))
      const sameSite = parseSameSite(attributes.get('samesite'))
      // None counts only together with Secure.
      if (sameSite === 'none' && !attributes.has('secure')) return
      const ofHost = cookies.get(hostname) ?? new Map<string, string>()
      cookies.set(hostname, ofHost)
      if (hasExpired(attributes)) ofHost.delete(name)
      else ofHost.set(name, value)
      sameSites.set(key(hostname, name), sameSite)
    },
  }
}

function attribute(text: string): [name: string, value: string] {
  const [name = '', ...value] = text.trim().split('=')
  return [name.toLowerCase(), value.join('=')]
}

/** Without the attribute, and with an unknown value, a cookie is Lax. */
function parseSameSite(value = ''): SameSite {
  const known = value.toLowerCase()
  return known === 'strict' || known === 'none' ? known : 'lax'
}

function hasExpired(attributes: ReadonlyMap<string, string>): boolean {
  const [age, at] = [attributes.get('max-age'), attributes.get('expires')]
  if (age !== undefined) return Number(age) <= 0
  return at !== undefined && Date.parse(at) <= Date.now()
}
