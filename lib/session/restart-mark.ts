import { randomBytes } from 'node:crypto'
import { readCookies, serializeCookie } from '../http/cookies.ts'
import { cookieNames } from './cookie-names.ts'
import { type SignInCookieOptions, signInCookieAttributes } from './sign-in-cookie.ts'

const spent = 'spent'

/**
 * A browser that comes to the callback with nothing of ours begins a sign-in by itself once in ten
 * minutes. Whoever keeps count must not be the provider, which may lose what it was given, so the browser
 * does (L20); and it first shows that it keeps what it is given, or it would be led in circles for ever.
 */
export function createRestartMark(options: SignInCookieOptions) {
  const name = cookieNames(options.cookieName, options.secure).restartMark
  const cookie = (value: string) =>
    serializeCookie(name, value, {
      ...signInCookieAttributes(options),
      maxAgeSeconds: options.maxAgeSeconds,
    })

  return {
    /** `shown`: what the address repeats of the mark. */
    judge(cookieHeader: string | undefined, shown: string | null): 'none' | 'kept' | 'spent' {
      const marks = readCookies(cookieHeader, name)
      if (marks.length === 0) return shown === null ? 'none' : 'spent'
      return marks.length === 1 && marks[0] === shown && shown !== spent ? 'kept' : 'spent'
    },
    issue(): { mark: string; setCookie: string } {
      const mark = randomBytes(16).toString('base64url')
      return { mark, setCookie: cookie(mark) }
    },
    spend: () => cookie(spent),
  }
}
