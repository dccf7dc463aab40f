import { createHmac } from 'node:crypto'
import { remotePrefix } from '../config/paths.ts'
import type { RemoteSettings } from '../config/remote.ts'
import { createApiCookieJar, type Jar } from './api-cookie-jar.ts'
import { deriveKeys } from './keys.ts'

/** What becomes of the cookies of APIs when somebody else uses this browser: `Set-Cookie` lines (P26). */
export interface ClearApiCookies {
  /** They go with the session. */
  signedOut(cookieHeader: string | undefined): string[]
  /** They stay with the person, or with who was nobody before. */
  signedIn(cookieHeader: string | undefined, who: { issuer: string; sub: string }): string[]
}

export interface ClearApiCookiesOptions {
  readonly remotes: Readonly<Record<string, Pick<RemoteSettings, 'name' | 'cookies'>>>
  readonly publicOrigin: string
  readonly session: { readonly cookieName: string }
  readonly secrets: readonly string[]
}

export function createClearApiCookies(options: ClearApiCookiesOptions): ClearApiCookies {
  const { publicOrigin, secrets } = options
  const jar = createApiCookieJar(publicOrigin, options.session.cookieName)
  const end = `; Max-Age=0; HttpOnly${publicOrigin.startsWith('https:') ? '; Secure' : ''}`
  const names = Object.values(options.remotes).flatMap(({ name: remote, cookies }) =>
    cookies.map((name) => ({ name, paths: ['/', `${remotePrefix}/${remote}`] })),
  )
  const ofJar = new Set(names.map(({ name }) => name))
  const keys = deriveKeys(secrets, 'api-cookies')

  function clear({ places }: Jar): string[] {
    const known = names.flatMap(({ name, paths }) => paths.map((path) => `${name} ${path}`))
    const noted = places.filter((place) => ofJar.has(place.slice(0, place.indexOf(' '))))
    return [...known, ...noted].map((place) => `${place.replace(' ', '=; Path=')}${end}`)
  }

  return {
    signedOut(cookieHeader) {
      if (names.length === 0) return []
      return [...clear(jar.read(cookieHeader)), jar.write({ owner: '', places: [] })]
    },
    signedIn(cookieHeader, { issuer, sub }) {
      if (names.length === 0) return []
      // Keyed, for the browser shows it to whoever looks; a change of the secret makes a stranger of everybody.
      const [owner = '', ...older] = keys.map(({ bytes }) =>
        createHmac('sha256', bytes).update(`${issuer}\0${sub}`).digest('base64url'),
      )
      const before = jar.read(cookieHeader)
      const isTheirs = ['', owner, ...older].includes(before.owner)
      return isTheirs
        ? [jar.write({ ...before, owner })]
        : [...clear(before), jar.write({ owner, places: [] })]
    },
  }
}
