import { randomBytes, randomInt } from 'node:crypto'
import { eachCookie, serializeCookie } from '../http/cookies.ts'
import { cookieNames } from './cookie-names.ts'
import { type SignInCookieOptions, signInCookieAttributes } from './sign-in-cookie.ts'

/** A key of this browser, and which sign-ins are under way under it. */
export interface BrowserKey {
  readonly slot: number
  /** 32 random bytes, base64url. */
  readonly key: string
  /** The first characters of each one's random part. For tidying up only: nothing is decided by them. */
  readonly underWay: readonly string[]
}

/** Tabs that begin at once cannot know of each other: with five places, few of them overwrite another. */
const slots = 5
/** With all five places full, the cookies stay well below 2 KB. */
const maxUnderWay = 40
/** Expired in one answer, whose head must stay small; the next answer goes on. */
const maxExpired = 12

/**
 * The cookies that bind sign-ins to this browser: a random key, which all of its tabs share. Everything
 * else about a sign-in travels in `state`, so the jar holds the same few bytes for one tab and for forty.
 */
export function createBrowserKeys(options: SignInCookieOptions) {
  const prefix = cookieNames(options.cookieName, options.secure).transaction
  const attributes = signInCookieAttributes(options)
  const expire = (name: string) => serializeCookie(name, '', { ...attributes, maxAgeSeconds: 0 })

  function list(cookieHeader: string | undefined): BrowserKey[] {
    const found: BrowserKey[] = []
    eachCookie(cookieHeader, (name, value) => {
      const browserKey = name.startsWith(prefix)
        ? parse(name.slice(prefix.length), value)
        : undefined
      if (browserKey) found.push(browserKey)
    })
    return found
  }

  const cookie = ({ slot, key, underWay }: BrowserKey) =>
    serializeCookie(`${prefix}${slot}`, [key, ...underWay].join('.'), {
      ...attributes,
      maxAgeSeconds: options.maxAgeSeconds,
    })

  return {
    list,
    /** The key that a new sign-in uses: the browser's, or else a new one. */
    choose: (cookieHeader: string | undefined): BrowserKey =>
      list(cookieHeader)[0] ?? {
        slot: randomInt(slots),
        key: randomBytes(32).toString('base64url'),
        underWay: [],
      },
    /** The cookie that says that a sign-in has begun, and perhaps that another one was given up for it. */
    begin(browserKey: BrowserKey, id: string, givenUp?: string): string {
      const others = browserKey.underWay.filter((it) => it !== givenUp)
      return cookie({ ...browserKey, underWay: [...others, id].slice(-maxUnderWay) })
    },
    /** The cookies that say that it has ended: none is left when it was the last one under way. */
    end(cookieHeader: string | undefined, browserKey: BrowserKey, id: string): string[] {
      const all = list(cookieHeader)
      const others = all.flatMap(({ underWay }) => underWay).filter((it) => it !== id)
      if (others.length === 0) return all.map(({ slot }) => expire(`${prefix}${slot}`))
      return [cookie({ ...browserKey, underWay: browserKey.underWay.filter((it) => it !== id) })]
    },
    /** Expires what no sign-in of ours can use: cookies of earlier versions, and broken ones (S12). */
    expireStale(cookieHeader: string | undefined): string[] {
      if (!cookieHeader?.includes(prefix)) return []
      const stale = new Set<string>()
      eachCookie(cookieHeader, (name, value) => {
        if (!name.startsWith(prefix) || stale.size >= maxExpired) return
        const rest = name.slice(prefix.length)
        if (!parse(rest, value) && /^[\w.-]{1,64}$/.test(rest)) stale.add(name)
      })
      return [...stale].map(expire)
    },
  }
}

export type BrowserKeys = ReturnType<typeof createBrowserKeys>

function parse(slotName: string, value: string): BrowserKey | undefined {
  const slot = Number(slotName)
  if (!/^\d$/.test(slotName) || slot >= slots) return undefined
  const [key = '', ...underWay] = value.split('.')
  if (!/^[\w-]{43}$/.test(key) || underWay.length > maxUnderWay) return undefined
  return underWay.every((id) => /^[\w-]{4}$/.test(id)) ? { slot, key, underWay } : undefined
}
