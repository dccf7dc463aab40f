import { createHash, randomBytes } from 'node:crypto'
import { readCookies, serializeCookie } from '../http/cookies.ts'
import type { Cipher } from '../session/cipher.ts'
import { cookieNames } from '../session/cookie-names.ts'
import type { KeyValue } from '../store/key-value.ts'

export interface SignOutAddressDeps {
  readonly store: Pick<KeyValue, 'create' | 'getFresh' | 'delete'>
  readonly cipher: Cipher
  /** The absolute address of `GET /bff/logout`. */
  readonly logoutUrl: string
  /** Of the session's, without its prefix. */
  readonly cookieName: string
  /** True where the public origin is https. */
  readonly secure: boolean
}

/** Long enough for a page to leave. */
const lifetimeSeconds = 60
const randomPattern = /^[\w-]{22}$/

/**
 * Addresses of ours for scripts, in place of the provider's sign-out address, which carries the ID token
 * (O6). Each redirects once, in the browser whose sign-out made it: half of the secret is in the address,
 * which scripts see, and half in a cookie, which they do not.
 */
export function createSignOutAddress(deps: SignOutAddressDeps) {
  const { store, cipher, secure } = deps
  const name = cookieNames(deps.cookieName, secure).signOut
  const cookie = (value: string, maxAgeSeconds: number) =>
    serializeCookie(name, value, { secure, sameSite: 'Strict', maxAgeSeconds })

  return {
    /** Rejects with StoreUnavailableError. */
    async issue(target: string): Promise<{ address: string; setCookie: string }> {
      const handle = random()
      const browser = random()
      const key = keyOf(handle, browser)
      await store.create(key, await cipher.encrypt(key, target), lifetimeSeconds * 1000)
      return {
        address: `${deps.logoutUrl}?leave=${handle}`,
        setCookie: cookie(browser, lifetimeSeconds),
      }
    },
    /** Where the address leads, once, and the cookie's end. Undefined: used, too old, or another browser's. */
    async take(
      cookieHeader: string | undefined,
      handle: string,
    ): Promise<{ target: string; setCookie: string } | undefined> {
      const [browser = '', ...more] = readCookies(cookieHeader, name)
      if (more.length > 0 || !randomPattern.test(browser) || !randomPattern.test(handle)) return
      const key = keyOf(handle, browser)
      const entry = await store.getFresh(key)
      if (!entry || !(await store.delete(key))) return undefined
      const plain = await cipher.decrypt(key, entry.value)
      return plain && { target: plain.text, setCookie: cookie('', 0) }
    },
  }
}

export type SignOutAddress = ReturnType<typeof createSignOutAddress>

function random(): string {
  return randomBytes(16).toString('base64url')
}

function keyOf(handle: string, browser: string): string {
  const hash = createHash('sha256').update(handle).update(browser).digest('base64url')
  return `leaving:${hash}`
}
