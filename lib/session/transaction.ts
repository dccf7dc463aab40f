import { sha256 } from '../http/sha256.ts'
import type { KeyValue } from '../store/key-value.ts'
import { type BrowserKeys, createBrowserKeys } from './browser-key.ts'
import { createRestartMark } from './restart-mark.ts'
import { createSealedState, type OpenedState } from './sealed-state.ts'

/** What a sign-in under way remembers until its callback. */
export interface Remembered {
  readonly returnUrl: string
  readonly maxAge?: number
  readonly acrValues?: string
  readonly prompt?: string
  /** Begun in an iframe: the callback answers a page for the iframe's parent. */
  readonly silent?: boolean
  /** It replaces one that was lost. Its own loss then ends in a page (L11). */
  readonly restart?: boolean
  /** Store key of the session that this sign-in replaces; a Strict ticket does not reach the callback. */
  readonly previous?: string
  /** It did not name all resources of the settings (T15). */
  readonly fewerResources?: boolean
  /** The code, and then the tokens, are bound to a key made of `dpopSeed`. */
  readonly dpop?: boolean
}

/** A sign-in under way, with its secrets. Those are stored nowhere: they follow from `state` and cookie. */
export interface Transaction {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** 32 bytes, the same each time; made when it is asked for. */
  dpopSeed(): Buffer
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly remembered: Remembered
}

/** `lost`: begun in another browser, given way to others, expired, used, or never ours. */
export type TakenTransaction =
  | { readonly kind: 'taken'; readonly transaction: Transaction; readonly clearCookies: string[] }
  | {
      readonly kind: 'lost'
      /** Of a `state` that is ours, whoever brings it. */
      readonly remembered?: Omit<Remembered, 'previous'>
      /** This browser has a sign-in under way. */
      readonly underWay: boolean
      /** Taken before; `by-this-answer`: in this very browser, with the same code. */
      readonly used: 'no' | 'by-this-answer' | 'by-another'
    }

export interface TransactionsOptions {
  readonly secrets: readonly string[]
  /** Of the session's cookie, without its prefix. */
  readonly cookieName: string
  readonly secure: boolean
  readonly responseMode: 'query' | 'form_post'
  /** Whom the sign-ins are for: one that was begun for others is lost (L3). */
  readonly issuer: string
  readonly clientId: string
  readonly store: KeyValue
  readonly now: () => number
}

const lifetimeSeconds = 600

/** Sign-ins under way: what each has to remember is sealed in `state`, a cookie binds it to the browser. */
export function createTransactions(options: TransactionsOptions) {
  const { store, now } = options
  const states = createSealedState(options.secrets)
  const { cookieName, secure } = options
  const crossSite = options.responseMode === 'form_post'
  const cookie = { cookieName, secure, crossSite, maxAgeSeconds: lifetimeSeconds }
  const browserKeys: BrowserKeys = createBrowserKeys(cookie)
  const audience = hashOf(`${options.issuer}\0${options.clientId}`)

  return {
    /** A new sign-in, and the `Set-Cookie` value that goes with it. `inPlaceOf`: the state of a given up one. */
    begin(cookieHeader: string | undefined, remembered: Remembered, inPlaceOf?: string) {
      const browserKey = browserKeys.choose(cookieHeader)
      const givenUp = inPlaceOf === undefined ? undefined : states.open(inPlaceOf)
      const startedAt = now()
      const browser = hashOf(browserKey.key)
      const sealed = states.seal({ startedAt, browser, audience, ...remembered })
      return {
        transaction: transactionOf(sealed.state, sealed, browserKey.key, startedAt, remembered),
        setCookie: browserKeys.begin(browserKey, idOf(sealed), givenUp && idOf(givenUp)),
      }
    },

    /**
     * Takes the transaction of this `state`, once: a second call for the same one gets nothing, in any
     * process. `code` tells the same answer from another one. Rejects with StoreUnavailableError; then
     * nothing is used up.
     */
    async take(
      cookieHeader: string | undefined,
      state: string,
      code = '',
    ): Promise<TakenTransaction> {
      const ofBrowser = browserKeys.list(cookieHeader)
      const underWay = ofBrowser.some((it) => it.underWay.length > 0)
      const opened = states.open(state)
      if (!opened) return { kind: 'lost', underWay, used: 'no' }
      const { startedAt, browser, audience: begunFor, ...rest } = opened.value
      const remembered = rest as unknown as Remembered
      // Whoever has seen a `state` may bring it: of the browser that began it they get nothing to end.
      const { previous: _, ...passedOn } = remembered
      const lost = { kind: 'lost', remembered: passedOn, underWay, used: 'no' } as const
      const browserKey = ofBrowser.find(({ key }) => hashOf(key) === browser)
      if (!browserKey || begunFor !== audience) return lost
      if (typeof startedAt !== 'number' || startedAt + lifetimeSeconds * 1000 <= now()) return lost
      const used = `transaction:${opened.random.toString('base64url')}`
      const answer = hashOf(code)
      if (!(await store.create(used, answer, lifetimeSeconds * 1000))) {
        const first = await store.getFresh(used)
        const same = code !== '' && first?.value === answer
        return { ...lost, used: same ? 'by-this-answer' : 'by-another' }
      }
      return {
        kind: 'taken',
        transaction: transactionOf(state, opened, browserKey.key, startedAt, remembered),
        clearCookies: browserKeys.end(cookieHeader, browserKey, idOf(opened)),
      }
    },

    /** What a `state` of ours was for, whoever brings it and whatever became of it. Asks no store. */
    recall(state: string): Partial<Remembered> {
      const { browser: _, audience: __, previous: ___, ...rest } = states.open(state)?.value ?? {}
      return rest
    },

    /** True once for a `state` of ours, in any process: whether its sign-in may be repeated (L20). */
    async mayRepeat(state: string): Promise<boolean> {
      const opened = states.open(state)
      if (!opened) return false
      const key = `repeated:${opened.random.toString('base64url')}`
      return store.create(key, '', lifetimeSeconds * 1000)
    },

    /** What counts where no `state` of ours comes back. */
    restartMark: createRestartMark(cookie),

    expireStale: browserKeys.expireStale,
  }
}

export type Transactions = ReturnType<typeof createTransactions>

function transactionOf(
  state: string,
  { derive }: OpenedState,
  browserKey: string,
  startedAt: number,
  remembered: Remembered,
): Transaction {
  // Both are needed each time, and one derivation of both costs half of two.
  const both = derive('nonce, code verifier', browserKey, 64)
  return {
    state,
    nonce: both.toString('base64url', 0, 32),
    codeVerifier: both.toString('base64url', 32),
    dpopSeed: () => derive('DPoP key', browserKey),
    startedAt,
    remembered,
  }
}

const idOf = ({ random }: OpenedState) => random.toString('base64url').slice(0, 4)

/** 96 bits: enough to tell keys and clients apart, and `state` stays short. */
function hashOf(text: string): string {
  return sha256(text).slice(0, 16)
}
