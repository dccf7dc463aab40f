import { eachCookie, serializeCookie } from '../http/cookies.ts'
import { cookieNames } from './cookie-names.ts'

/** Somebody, and a sign-in in this browser. */
export interface Mark {
  /** As `api-cookie-holder` names people; empty for nobody. */
  readonly who: string
  /** A random name of the sign-in; empty before the first one. */
  readonly signIn: string
}

/** What a browser remembers of the cookies that APIs set in it (P26). */
export interface Jar {
  /** Who signed in last. Written at sign-ins only, so that no late answer can say otherwise. */
  readonly owner: Mark
  /** For whom an API set cookies last, and after which sign-in. Written in the same head as they. */
  readonly setter: Mark
  /** `<name> <path>` of those that no list of names and remotes tells of. */
  readonly places: readonly string[]
}

export interface ApiCookieJar {
  read(cookieHeader: string | undefined): Jar
  /** The `Set-Cookie` lines of what is new in it. */
  write(jar: Partial<Jar>): string[]
  /** The lines that delete these parts of it. */
  clear(parts: readonly (keyof Jar)[]): string[]
  /** Whether a place more finds room beside these. */
  hasRoom(places: readonly string[], place: string): boolean
}

// With it, our cookies and the deletion of what it tells of stay far below what fronts take for a head.
const maxPlaces = 4
const maxLength = 256
const lifetimeSeconds = 400 * 24 * 60 * 60
// Visible ASCII without `;`: it becomes part of a `Set-Cookie` line again.
const soundPlace = /^[!#-+\--:<-[\]-~]+ \/[!-:<-~]*$/
const unmarked: Mark = { who: '', signIn: '' }

/**
 * Nobody can see at a sign-out where a cookie of an API lies, unless it lies at `/`, nor whose it is. So both are
 * noted in cookies of ours, which hold no secret and grant nothing. Three of them, for answers overtake each other
 * and each takes the place of what the browser has: none may carry along what its request only found.
 */
export function createApiCookieJar(publicOrigin: string, cookieName: string): ApiCookieJar {
  const secure = publicOrigin.startsWith('https:')
  const { apiCookieOwner, apiCookieSetter, apiCookieJar } = cookieNames(cookieName, secure)
  const names = { owner: apiCookieOwner, setter: apiCookieSetter, places: apiCookieJar }
  // Read where a provider's answer comes in, which may be a POST from its own site.
  const attributes = { secure, sameSite: secure ? 'None' : 'Lax' } as const
  const kept = (name: string, value: string) =>
    serializeCookie(name, value, { ...attributes, maxAgeSeconds: lifetimeSeconds })

  return {
    read(cookieHeader) {
      let [owner, setter, places] = [unmarked, unmarked, [] as string[]]
      eachCookie(cookieHeader, (name, value) => {
        if (name === names.owner) owner = parseMark(value)
        else if (name === names.setter) setter = parseMark(value)
        else if (name === names.places) places = parsePlaces(value)
      })
      return { owner, setter, places }
    },
    write({ owner, setter, places }) {
      const lines: string[] = []
      if (owner) lines.push(kept(names.owner, `${owner.who}.${owner.signIn}`))
      if (setter) lines.push(kept(names.setter, `${setter.who}.${setter.signIn}`))
      const text = places && Buffer.from(places.join('\n')).toString('base64url')
      return text ? [...lines, kept(names.places, text)] : lines
    },
    clear: (parts) =>
      parts.map((part) => serializeCookie(names[part], '', { ...attributes, maxAgeSeconds: 0 })),
    hasRoom(places, place) {
      const length = places.join('\n').length + 1 + place.length
      return places.length < maxPlaces && length <= maxLength && soundPlace.test(place)
    },
  }
}

/** What is no mark is a stranger's, of a sign-in of its own. */
function parseMark(value: string): Mark {
  const [, who = '?', signIn = '-'] = /^([\w-]{0,64})\.([\w-]{0,64})$/.exec(value) ?? []
  return { who, signIn }
}

function parsePlaces(value: string): string[] {
  const text = /^[\w-]{0,1024}$/.test(value) ? value : ''
  const places = Buffer.from(text, 'base64url').toString('latin1').split('\n')
  return places.filter((it) => soundPlace.test(it)).slice(0, maxPlaces)
}
