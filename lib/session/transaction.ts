import { createHash } from 'node:crypto'
import { eachCookie, serializeCookie } from '../http/cookies.ts'
import type { KeyValue } from '../store/key-value.ts'
import { createSeal } from './seal.ts'

/** What a sign-in under way must remember until its callback, sealed in a cookie of its own. */
export interface Transaction {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly returnUrl: string
  readonly issuer: string
  readonly clientId: string
  readonly maxAge?: number
  readonly acrValues?: string
  readonly prompt?: string
  /** Started by `silent-login`: the callback answers a page for the iframe's parent. */
  readonly silent?: boolean
  /** Store key of the session that this sign-in replaces; a Strict ticket does not reach the callback. */
  readonly previous?: string
  readonly dpopKey?: JsonWebKey
}

export interface TakenTransaction {
  readonly transaction: Transaction
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly clearCookie: string
}

export interface TransactionsOptions {
  readonly secrets: readonly string[]
  readonly secure: boolean
  /** With `form_post` the provider posts across sites, and only a SameSite=None cookie comes along. */
  readonly responseMode: 'query' | 'form_post'
  readonly store: KeyValue
  readonly now: () => number
}

const lifetimeSeconds = 600
const maxCount = 5
/** Together they must leave room in the 16 KiB that servers allow for all headers. */
const maxBytes = 8192

/** Sign-ins under way: one cookie each, so that two tabs do not overwrite each other (L2, L10). */
export function createTransactions(options: TransactionsOptions) {
  const { secure, store, now } = options
  const seal = createSeal(options.secrets, 'transaction')
  const prefix = `${secure ? '__Host-Http-' : ''}bff-tx.`
  const crossSite = options.responseMode === 'form_post'
  const attributes = {
    secure: secure || crossSite,
    sameSite: crossSite ? 'None' : 'Lax',
  } as const
  const expire = (name: string) => serializeCookie(name, '', { ...attributes, maxAgeSeconds: 0 })

  /** Cookies of sign-ins under way, oldest first: the name holds the start time and a hash of `state`. */
  function list(cookieHeader: string | undefined) {
    const found: { name: string; value: string; startedAt: number }[] = []
    eachCookie(cookieHeader, (name, value) => {
      const startedAt = Number.parseInt(name.slice(prefix.length).split('.')[0] ?? '', 36)
      if (name.startsWith(prefix) && Number.isFinite(startedAt)) {
        found.push({ name, value, startedAt })
      }
    })
    return found.sort((a, b) => a.startedAt - b.startedAt)
  }

  return {
    /** The `Set-Cookie` values that remember this sign-in and drop the oldest ones beyond the limits. */
    async start(cookieHeader: string | undefined, transaction: Transaction): Promise<string[]> {
      const value = await seal.seal({ ...transaction, expiresAt: now() + lifetimeSeconds * 1000 })
      const name = `${prefix}${now().toString(36)}.${stateHash(transaction.state)}`
      const kept = list(cookieHeader)
      const dropped: string[] = []
      const size = () => kept.reduce((sum, it) => sum + it.name.length + it.value.length, 0)
      while (kept.length >= maxCount || (kept.length > 0 && size() + value.length > maxBytes)) {
        const oldest = kept.shift()
        if (oldest && cookieNamePattern.test(oldest.name)) dropped.push(expire(oldest.name))
      }
      const cookie = serializeCookie(name, value, { ...attributes, maxAgeSeconds: lifetimeSeconds })
      return [...dropped, cookie]
    },

    /**
     * Takes the transaction of this `state`, once: a second call for the same one gets nothing, in any
     * process, and `onReplay` is told. Rejects with StoreUnavailableError; then nothing is used up.
     */
    async take(
      cookieHeader: string | undefined,
      state: string,
      onReplay?: () => void,
    ): Promise<TakenTransaction | undefined> {
      const hash = stateHash(state)
      const cookie = list(cookieHeader).find(({ name }) => name.endsWith(`.${hash}`))
      if (!cookie || !cookieNamePattern.test(cookie.name)) return undefined
      const sealed = (await seal.unseal(cookie.value))?.value
      if (!sealed || sealed.state !== state) return undefined
      const { expiresAt, ...transaction } = sealed
      if (typeof expiresAt !== 'number' || expiresAt <= now()) return undefined
      const unused = await store.create(`transaction:${hash}`, '', lifetimeSeconds * 1000)
      if (!unused) {
        onReplay?.()
        return undefined
      }
      return {
        transaction: transaction as unknown as Transaction,
        startedAt: expiresAt - lifetimeSeconds * 1000,
        clearCookie: expire(cookie.name),
      }
    },
  }
}

export type Transactions = ReturnType<typeof createTransactions>

const cookieNamePattern = /^(__Host-Http-)?bff-tx\.[0-9a-z]{1,12}\.[\w-]{22}$/

function stateHash(state: string): string {
  return createHash('sha256').update(state).digest('base64url').slice(0, 22)
}
