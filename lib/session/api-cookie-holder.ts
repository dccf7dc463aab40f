import { createHmac } from 'node:crypto'
import type { RemoteSettings } from '../config/remote.ts'
import { type ApiCookieJar, createApiCookieJar, type Jar, type Mark } from './api-cookie-jar.ts'
import { deriveKeys } from './keys.ts'

export interface Person {
  readonly issuer: string
  readonly sub: string
}

/** Whose the cookies of APIs in a browser are (P26). Nobody is `undefined`. */
export interface ApiCookieHolder {
  /** No remote has any. */
  readonly isIdle: boolean
  readonly jar: ApiCookieJar
  /** Whether they may become this person's at a sign-in: theirs before, or nobody's. */
  mayKeep(jar: Jar, person: Person): boolean
  /** Whether they go along with this person's calls. */
  maySend(jar: Jar, person: Person | undefined): boolean
  /** Names somebody who signs in. */
  nameOf(person: Person): string
  /** Notes for whom an API sets cookies; undefined where there is nothing to tell apart. */
  setterFor(jar: Jar, person: Person | undefined): Mark | undefined
  /** `Set-Cookie` lines that delete the cookies of APIs, wherever they may lie. */
  clear(jar: Jar): string[]
}

export interface ApiCookieHolderOptions {
  readonly remotes: Readonly<Record<string, Pick<RemoteSettings, 'path' | 'cookies'>>>
  readonly publicOrigin: string
  readonly session: { readonly cookieName: string }
  readonly secrets: readonly string[]
}

export function createApiCookieHolder(options: ApiCookieHolderOptions): ApiCookieHolder {
  const { publicOrigin, secrets } = options
  const end = `; Max-Age=0${publicOrigin.startsWith('https:') ? '; Secure' : ''}`
  const names = Object.values(options.remotes).flatMap(({ path, cookies }) =>
    cookies.map((name) => ({ name, paths: ['/', path] })),
  )
  const listed = new Set(names.map(({ name }) => name))
  const known = names.flatMap(({ name, paths }) => paths.map((path) => `${name} ${path}`))
  const keys = deriveKeys(secrets, 'api-cookies')

  // Keyed, for the browser shows it to whoever looks; a change of the secret makes a stranger of everybody.
  const nameBy = (key: Buffer, { issuer, sub }: Person) =>
    createHmac('sha256', key)
      .update(`${issuer}\0${sub}`)
      .digest()
      .subarray(0, 16)
      .toString('base64url')
  const isOf = ({ who }: Mark, person: Person | undefined) =>
    who === '' || (person !== undefined && keys.some(({ bytes }) => nameBy(bytes, person) === who))
  const nameOf = (person: Person) => keys.map(({ bytes }) => nameBy(bytes, person))[0] ?? '?'

  return {
    isIdle: names.length === 0,
    jar: createApiCookieJar(publicOrigin, options.session.cookieName),
    nameOf,
    mayKeep: ({ owner, setter }, person) => isOf(owner, person) && isOf(setter, person),
    // Who sets cookies in a browser that is another's deletes that one's in the same answer: since then, and until
    // the next sign-in, what is there is the setter's.
    maySend: ({ owner, setter }, person) =>
      isOf(setter, person) && (isOf(owner, person) || setter.signIn === owner.signIn),
    setterFor({ owner, setter }, person) {
      const who = person === undefined ? '' : nameOf(person)
      const isNew = who !== '' || owner.who !== '' || setter.who !== ''
      return isNew ? { who, signIn: owner.signIn } : undefined
    },
    clear({ places }) {
      const noted = places.filter((place) => listed.has(place.slice(0, place.indexOf(' '))))
      return [...known, ...noted].map((place) => {
        // Every byte counts in this head (L27), and only such a name is not deleted without it.
        const needed = /^__(?:host-)?http-/i.test(place) ? '; HttpOnly' : ''
        return `${place.replace(' ', '=; Path=')}${end}${needed}`
      })
    },
  }
}
