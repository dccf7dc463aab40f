import { randomBytes } from 'node:crypto'
import {
  type ApiCookieHolderOptions,
  createApiCookieHolder,
  type Person,
} from './api-cookie-holder.ts'

/** What becomes of the cookies of APIs when somebody else uses this browser: `Set-Cookie` lines (P26). */
export interface ClearApiCookies {
  /** They go with the session. */
  signedOut(cookieHeader: string | undefined): string[]
  /** They stay with the person, or with who was nobody before. */
  signedIn(cookieHeader: string | undefined, who: Person): string[]
}

export function createClearApiCookies(options: ApiCookieHolderOptions): ClearApiCookies {
  const holder = createApiCookieHolder(options)
  const { jar } = holder

  return {
    signedOut(cookieHeader) {
      if (holder.isIdle) return []
      return [...holder.clear(jar.read(cookieHeader)), ...jar.clear(['owner', 'setter', 'places'])]
    },
    signedIn(cookieHeader, person) {
      if (holder.isIdle) return []
      const before = jar.read(cookieHeader)
      const left = holder.mayKeep(before, person)
        ? []
        : [...holder.clear(before), ...jar.clear(['setter', 'places'])]
      const owner = { who: holder.nameOf(person), signIn: randomBytes(6).toString('base64url') }
      return [...left, ...jar.write({ owner })]
    },
  }
}
