import { eachCookie } from '../http/cookies.ts'
import { stripWhiteSpace } from '../http/white-space.ts'
import type { ApiCookieHolder, Person } from '../session/api-cookie-holder.ts'
import { pathBelow, type RemotePlace } from './location.ts'

/** The cookies of one remote that travel to its API and back (P26). */
export interface ApiCookies {
  /** The `Cookie` of this person's call to the API; undefined when the browser sent none, or somebody else's. */
  toApi(cookieHeader: string | undefined, person: Person | undefined): string | undefined
  /** Whether any of an answer's `Set-Cookie` lines is for the browser. */
  isAnyOf(lines: string | string[]): boolean
  /** The API's `Set-Cookie` lines for the browser that sent this call. */
  toBrowser(lines: string | string[], call: SettingCall): string[]
}

export interface SettingCall {
  readonly upstreamPath: string
  readonly cookieHeader: string | undefined
  readonly person: Person | undefined
}

export interface ApiCookiesOptions {
  readonly names: readonly string[]
  readonly place: RemotePlace
  readonly holder: ApiCookieHolder
}

interface CookieLine {
  readonly name: string
  readonly pair: string
  /** All but those that are ours to say. */
  readonly attributes: readonly string[]
  readonly path: string | undefined
  readonly isSecure: boolean
}

export function createApiCookies({ names, place, holder }: ApiCookiesOptions): ApiCookies {
  const { jar } = holder
  const known = new Set(names)
  const isHttps = place.publicOrigin.startsWith('https:')

  /** RFC 6265 section 5.1.4: a cookie without a path lies where the call that set it was made. */
  function publicPath(path: string | undefined, requestPath: string): string {
    if (path === '/') return path
    const own = path?.startsWith('/') ? path : directoryOf(requestPath)
    // An API that honours X-Forwarded-Prefix has put it there already.
    const told = pathBelow(place.publicPrefix, own)
    const below = pathBelow(place.prefix, told ?? own) ?? told ?? (own === path ? own : '')
    return place.publicPrefix + (own !== path && below === '/' ? '' : below)
  }

  function namedIn(lines: string | string[]): CookieLine[] {
    return [lines].flat().flatMap((line) => {
      const cookie = parseLine(line)
      return cookie && known.has(cookie.name) ? [cookie] : []
    })
  }

  return {
    toApi(cookieHeader, person) {
      const pairs: string[] = []
      eachCookie(cookieHeader, (name, value) => {
        if (known.has(name)) pairs.push(`${name}=${value}`)
      })
      if (pairs.length === 0 || !holder.maySend(jar.read(cookieHeader), person)) return undefined
      return pairs.join('; ')
    },
    isAnyOf: (lines) => namedIn(lines).length > 0,
    toBrowser(lines, { upstreamPath, cookieHeader, person }) {
      const before = jar.read(cookieHeader)
      const left = holder.maySend(before, person) ? [] : holder.clear(before)
      let { places } = before
      const out = namedIn(lines).map((cookie) => {
        let path = publicPath(cookie.path, upstreamPath)
        const noted = `${cookie.name} ${path}`
        if (path !== '/' && path !== place.publicPrefix && !places.includes(noted)) {
          if (jar.hasRoom(places, noted)) places = [...places, noted]
          else path = place.publicPrefix
        }
        const secure = isHttps || cookie.isSecure ? ['Secure'] : []
        return [cookie.pair, ...cookie.attributes, `Path=${path}`, ...secure].join('; ')
      })
      const setter = holder.setterFor(before, person)
      return [
        ...left,
        ...out,
        ...jar.write({ ...(setter && { setter }), ...(places !== before.places && { places }) }),
      ]
    },
  }
}

const passedAttributes = new Set(['expires', 'max-age', 'httponly', 'samesite'])

function parseLine(line: string): CookieLine | undefined {
  const [pair = '', ...rest] = line.split(';').map(stripWhiteSpace)
  const equals = pair.indexOf('=')
  if (equals < 1) return undefined
  const attributes: string[] = []
  let path: string | undefined
  let isSecure = false
  for (const attribute of rest) {
    const [name = '', ...value] = attribute.split('=')
    const key = stripWhiteSpace(name).toLowerCase()
    if (key === 'path') path = stripWhiteSpace(value.join('='))
    else if (key === 'secure') isSecure = true
    // No `Domain`: the browser has never heard of the API's, and a wider one than the app's is not for it to
    // choose. No `Partitioned`, nor what is yet to come: a cookie with another key outlives its deletion.
    else if (passedAttributes.has(key)) attributes.push(attribute)
  }
  return { name: stripWhiteSpace(pair.slice(0, equals)), pair, attributes, path, isSecure }
}

function directoryOf(requestPath: string): string {
  const [path = ''] = requestPath.split('?', 1)
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
