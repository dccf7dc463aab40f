import {
  failure,
  networkFailure,
  type SignInNeededError,
  signInNeeded,
  UnavailableError,
} from './bff-error.ts'
import { type SilentLoginResult, silentLogin } from './silent-login.ts'
import { parseUser, type User } from './user.ts'

export { BffError, SignInNeededError, UnavailableError } from './bff-error.ts'
export type { SilentLoginResult } from './silent-login.ts'
export type { Claim, SignedIn, User } from './user.ts'

export interface BffOptions {
  /**
   * Where the BFF's endpoints live: a path of this origin, or an absolute URL on split hosts.
   * @default '/bff'
   */
  readonly basePath?: string
  /** @default the browser's */
  readonly fetch?: typeof fetch
  /** @default the browser's */
  readonly location?: Pick<Location, 'href' | 'assign'>
}

/** One of the person's sessions: what somebody would know it by. Times are ISO 8601. */
export interface ListedSession {
  readonly handle: string
  readonly begunAt: string
  readonly lastUsedAt: string
  readonly browser?: string
  readonly system?: string
  /** The one of this browser. */
  readonly current: boolean
}

/** Parameters of a sign-in. `returnUrl` defaults to the page that asks. */
export interface LoginOptions {
  readonly returnUrl?: string
  /** `login` asks for credentials again, `select_account` for the account, `create` to register. */
  readonly prompt?: string
  readonly loginHint?: string
  /** Space-separated authentication context classes, in order of preference. */
  readonly acrValues?: string
  /** Seconds since the last active authentication after which the provider must ask again. */
  readonly maxAge?: number
  readonly uiLocales?: string
}

export interface LogoutOptions {
  /** Where to land afterwards. @default the server's choice */
  readonly returnUrl?: string
  /** The user's `logoutUrl`: navigates there instead of posting. For servers without a POST. */
  readonly logoutUrl?: string
}

export interface Bff {
  readonly basePath: string
  /**
   * `fetch` for the BFF's own origin: carries the cookie and `X-CSRF: 1`, never retries.
   * Rejects with `SignInNeededError` on a 401 of the BFF itself, with `UnavailableError` when no
   * answer came, with `TypeError` for another origin. Every other answer is the caller's.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /**
   * Who is signed in. Rejects with `UnavailableError` when that cannot be known (503, no network).
   * `slide: false` looks without extending the session.
   */
  user(options?: { slide?: boolean; signal?: AbortSignal }): Promise<User>
  /** The address at which a sign-in starts, for a plain link. Never prefetch it. */
  loginUrl(options?: LoginOptions): string
  /** Leaves this page for the provider's sign-in. */
  login(options?: LoginOptions): void
  /** Ends the session, then leaves this page for the provider's sign-out. */
  logout(options?: LogoutOptions): Promise<void>
  /** Signs in without a visible page, if the provider allows it. @default timeoutMs 10000 */
  silentLogin(options?: { timeoutMs?: number }): Promise<SilentLoginResult>
  /** The person's own sessions, newest use first. Rejects with `SignInNeededError` or `UnavailableError`. */
  sessions(): Promise<ListedSession[]>
  /** Ends one of them. False when it had ended already. */
  endSession(handle: string): Promise<boolean>
  /** Ends all of them but this one. */
  endOtherSessions(): Promise<void>
  /** Told of every `SignInNeededError` before `fetch` rejects with it. Answers how to stop. */
  onSignInNeeded(listener: (error: SignInNeededError) => void): () => void
  /** Told when `logout` is about to leave this page. Answers how to stop. */
  onLogout(listener: () => void): () => void
}

/** The browser's side of a BFF. Holds no token, no user and no state but its listeners. */
export function createBff(options: BffOptions = {}): Bff {
  const basePath = (options.basePath ?? '/bff').replace(/\/+$/, '')
  const signInNeededListeners = new Set<(error: SignInNeededError) => void>()
  const logoutListeners = new Set<() => void>()
  // Looked up at each call: on the server, where pages are rendered, there is no location.
  const location = () => options.location ?? globalThis.location
  const origin = () => new URL(basePath, location().href).origin
  const endpoint = (path: string, parameters: Record<string, string | number | undefined> = {}) => {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) query.set(name, String(value))
    }
    return `${basePath}${path}${query.size > 0 ? `?${query}` : ''}`
  }

  async function send(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const target = new URL(input instanceof Request ? input.url : input, location().href)
    if (target.origin !== origin()) {
      throw new TypeError('bff.fetch is for the origin of the BFF only')
    }
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : {}))
    headers.set('x-csrf', '1')
    const sameOrigin = target.origin === new URL(location().href).origin
    const credentials = sameOrigin ? 'same-origin' : 'include'
    try {
      return await (options.fetch ?? fetch)(input instanceof Request ? input : target, {
        ...init,
        headers,
        credentials,
      })
    } catch (cause) {
      throw networkFailure(cause)
    }
  }

  const here = () => {
    const { origin, pathname, search, hash, href } = new URL(location().href)
    return new URL(basePath, href).origin === origin ? `${pathname}${search}${hash}` : href
  }

  const loginUrl = (login: LoginOptions = {}) =>
    endpoint('/login', {
      returnUrl: login.returnUrl ?? here(),
      prompt: login.prompt,
      login_hint: login.loginHint,
      acr_values: login.acrValues,
      max_age: login.maxAge,
      ui_locales: login.uiLocales,
    })

  /** An offered URL counts only if it is our own login: the API behind could have written that body. */
  const checkedLoginUrl = (offered: string | undefined) => {
    const url = offered === undefined ? null : URL.parse(offered, location().href)
    const login = new URL(endpoint('/login'), location().href)
    if (url?.origin !== login.origin || url.pathname !== login.pathname) return loginUrl()
    if (!url.searchParams.has('returnUrl')) url.searchParams.set('returnUrl', here())
    return `${endpoint('/login')}${url.search}`
  }

  const leaveAfterLogout = (url: string) => {
    for (const listener of logoutListeners) listener()
    location().assign(url)
  }

  const call: Bff['fetch'] = async (input, init) => {
    const response = await send(input, init)
    const error = await signInNeeded(response, checkedLoginUrl)
    if (!error) return response
    await response.body?.cancel()
    for (const listener of signInNeededListeners) listener(error)
    throw error
  }

  return {
    basePath,
    loginUrl,

    fetch: call,

    async user({ slide, signal } = {}) {
      const path = endpoint('/user', { slide: slide === false ? 'false' : undefined })
      const response = await send(path, { cache: 'no-store', ...(signal ? { signal } : {}) })
      if (response.status === 401) {
        await response.body?.cancel()
        return { kind: 'anonymous' }
      }
      if (!response.ok) throw await failure(response)
      // A captive portal or a stray proxy answers 200 with a page: that says nothing about a session.
      const user = parseUser(await response.json().catch(() => undefined))
      if (!user) throw new UnavailableError('bad_answer', 'This is not an answer of the server.')
      return user
    },

    async sessions() {
      const response = await call(endpoint('/sessions'), { cache: 'no-store' })
      if (!response.ok) throw await failure(response)
      const sessions: unknown = await response.json().catch(() => undefined)
      if (Array.isArray(sessions)) return sessions as ListedSession[]
      throw new UnavailableError('bad_answer', 'This is not an answer of the server.')
    },
    async endSession(handle) {
      const path = endpoint(`/sessions/${encodeURIComponent(handle)}`)
      const response = await call(path, { method: 'DELETE' })
      if (response.status === 404) return false
      if (!response.ok) throw await failure(response)
      return true
    },
    async endOtherSessions() {
      const response = await call(endpoint('/sessions'), { method: 'DELETE' })
      if (!response.ok) throw await failure(response)
    },
    login(login) {
      location().assign(loginUrl(login))
    },

    async logout({ returnUrl, logoutUrl } = {}) {
      if (logoutUrl !== undefined) {
        const url = new URL(logoutUrl, location().href)
        if (url.origin !== origin()) throw new TypeError('the logout URL is not one of the BFF')
        if (returnUrl !== undefined) url.searchParams.set('returnUrl', returnUrl)
        return leaveAfterLogout(url.href)
      }
      const response = await send(endpoint('/logout', { returnUrl }), { method: 'POST' })
      if (!response.ok && response.status !== 401) throw await failure(response)
      const body: unknown = await response.json().catch(() => undefined)
      leaveAfterLogout(redirectUrlOf(body) ?? '/')
    },

    silentLogin({ timeoutMs = 10_000 } = {}) {
      return silentLogin(endpoint('/silent-login'), timeoutMs)
    },

    onSignInNeeded(listener) {
      signInNeededListeners.add(listener)
      return () => signInNeededListeners.delete(listener)
    },

    onLogout(listener) {
      logoutListeners.add(listener)
      return () => logoutListeners.delete(listener)
    },
  }
}

function redirectUrlOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('redirectUrl' in body)) return undefined
  const url = typeof body.redirectUrl === 'string' ? body.redirectUrl : ''
  return /^(https?:|\/(?!\/))/i.test(url) ? url : undefined
}

/** The BFF of this origin, at `/bff`. */
export const bff: Bff = createBff()
