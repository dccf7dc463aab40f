import { eachCookie, serializeCookie } from '../http/cookies.ts'
import { cookieNames } from './cookie-names.ts'

/** What a browser remembers of the cookies that APIs set in it (P26). */
export interface Jar {
  /** Who signed in last, as `clear-api-cookies` names people; empty when nobody did. */
  readonly owner: string
  /** `<name> <path>` of those that no list of names and remotes tells of. */
  readonly places: readonly string[]
}

export interface ApiCookieJar {
  read(cookieHeader: string | undefined): Jar
  /** Its `Set-Cookie` line; an empty jar is deleted. */
  write(jar: Jar): string
  /** Whether it has room for one more of this length. */
  hasRoom(jar: Jar, place: string): boolean
}

// With it, our cookies and the deletion of what it tells of stay far below what fronts take for a head.
const maxPlaces = 4
const maxLength = 256
const lifetimeSeconds = 400 * 24 * 60 * 60
// Visible ASCII without `;`: it becomes part of a `Set-Cookie` line again.
const soundPlace = /^[!#-+\--:<-[\]-~]+ \/[!-:<-~]*$/

/**
 * Nobody can see at a sign-out where a cookie of an API lies, unless it lies at `/`. So its place is noted in a
 * cookie of ours, which holds no secret and grants nothing.
 */
export function createApiCookieJar(publicOrigin: string, cookieName: string): ApiCookieJar {
  const secure = publicOrigin.startsWith('https:')
  const name = cookieNames(cookieName, secure).apiCookieJar
  // Read where a provider's answer comes in, which may be a POST from its own site.
  const attributes = { secure, sameSite: secure ? 'None' : 'Lax' } as const

  return {
    read(cookieHeader) {
      let jar: Jar = { owner: '', places: [] }
      eachCookie(cookieHeader, (found, value) => {
        if (found === name) jar = parse(value)
      })
      return jar
    },
    write({ owner, places }) {
      const text = Buffer.from(places.join('\n')).toString('base64url')
      return owner === '' && places.length === 0
        ? serializeCookie(name, '', { ...attributes, maxAgeSeconds: 0 })
        : serializeCookie(name, `${owner}.${text}`, {
            ...attributes,
            maxAgeSeconds: lifetimeSeconds,
          })
    },
    hasRoom({ places }, place) {
      const length = places.join('\n').length + 1 + place.length
      return places.length < maxPlaces && length <= maxLength && soundPlace.test(place)
    },
  }
}

function parse(value: string): Jar {
  const [, owner = '', text = ''] = /^([\w-]{0,64})\.([\w-]{0,1024})$/.exec(value) ?? []
  const places = Buffer.from(text, 'base64url').toString('latin1').split('\n')
  return { owner, places: places.filter((it) => soundPlace.test(it)).slice(0, maxPlaces) }
}
