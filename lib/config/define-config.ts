import type { ByteSize } from './byte-size.ts'
import type { ClientConfig } from './client-config.ts'
import type { Duration } from './duration.ts'
import type { OidcConfig } from './oidc-config.ts'
import type { RemoteConfig } from './remote-config.ts'
import type { Hooks } from './settings.ts'

/**
 * What `bff.config.ts` may say. Everything has a default; an unknown name is refused at start.
 * Secrets and addresses are not here: they come from the environment.
 */
export interface Config {
  /**
   * Path under which the endpoints live; `/` puts them at the root of the origin.
   * @default '/bff'
   */
  basePath?: string
  /**
   * Path that the provider sends the browser back to after sign-in. Change it only for a client that
   * is already registered with another one, such as `/signin-oidc`. Follows `basePath`.
   * @default '/bff/callback'
   */
  callbackPath?: string
  /**
   * Path that the provider sends the browser back to after sign-out. Follows `basePath`.
   * @default '/bff/logout-callback'
   */
  logoutCallbackPath?: string
  /** How Cloakroom talks to the OpenID Provider. */
  oidc?: OidcConfig
  /** How long a sign-in lasts, and what the browser may know of it. */
  session?: SessionConfig
  /** What `GET /bff/user` answers. */
  user?: UserConfig
  /** Sign-out that the user starts. */
  logout?: LogoutConfig
  /** Sign-out that the provider starts (OpenID Connect Back-Channel Logout 1.0). */
  backchannel?: BackchannelConfig
  /** Sign-out that the provider starts in the browser (OpenID Connect Front-Channel Logout 1.0). */
  frontchannel?: FrontchannelConfig
  /** The single-page app itself. */
  spa?: SpaConfig
  /** When access tokens are renewed. */
  tokens?: TokensConfig
  /** How many calls to APIs one client may have in flight. */
  limits?: LimitsConfig
  /**
   * The APIs behind `/api/remote/<name>/`. A name holds letters, digits, `.`, `_`, `~` and `-`.
   * @default {}
   */
  remotes?: Record<string, RemoteConfig>
  /**
   * Machine clients (client credentials) by name, for `remotes.*.client` and `bff.clientFetch(name)`.
   * @default {}
   */
  clients?: Record<string, ClientConfig>
  /**
   * Hook: runs at sign-in and after each refresh that brings new claims; its answer replaces them.
   * Not possible in a JSON file.
   */
  claims?: Hooks['claims']
  /**
   * Hook: adds parameters to a token request. Asked at each use of a token, since tokens are kept apart by
   * what it adds. Not possible in a JSON file.
   */
  tokenRequest?: Hooks['tokenRequest']
}

export interface SessionConfig {
  /**
   * Time without a request after which the session ends. At least `60s`, at most `absolute`.
   * A short value means more sign-ins at the provider.
   * @default '30m'
   */
  idle?: Duration
  /**
   * Time after which the session ends however busy it is. At least `idle`, at most `400d`, which is
   * as long as browsers keep a cookie.
   * @default '8h'
   */
  absolute?: Duration
  /**
   * How often a use of the session is written to the store. At least `1s`, at most half of `idle`
   * (and that by default when `idle` is shorter than `2m`). A short value means more writes; a long
   * one ends some sessions that much too early.
   * @default '1m'
   */
  touchEvery?: Duration
  /**
   * `SameSite` of the session cookie. With `strict`, a page that is opened by a link from another site
   * is at first anonymous to the server; its own fetches are signed in. With `lax` it is signed in.
   * @default 'strict'
   */
  sameSite?: 'strict' | 'lax'
  /**
   * Name of the session cookie; those of sign-ins and sign-outs under way begin with it. On https
   * `__Host-Http-` always stands before it. By default `bff-<port>` where the public origin names a port, so that
   * two Cloakrooms on one host leave each other alone. A change signs everybody out.
   * @default 'bff'
   */
  cookieName?: string
  /**
   * Claims of the ID token (and of UserInfo) that are kept, and that `GET /bff/user` shows to scripts.
   * @default ['sub', 'name', 'given_name', 'family_name', 'nickname', 'preferred_username', 'picture', 'email', 'email_verified']
   */
  claims?: readonly string[]
}

export interface UserConfig {
  /**
   * Status for a visitor who is not signed in: `401` with a problem, or `200` with the body `null`,
   * which keeps the browser's console quiet.
   * @default 401
   */
  anonymous?: 401 | 200
}

export interface LogoutConfig {
  /**
   * Whether `GET /bff/logout` needs the `sid` of `bff:logout_url`. With `false` any page on the web can
   * sign your users out by a link.
   * @default true
   */
  requireSid?: boolean
  /**
   * Whether sign-out revokes the tokens at the provider (RFC 7009). It never waits for the answer.
   * @default true
   */
  revoke?: boolean
}

export interface BackchannelConfig {
  /**
   * Whether a logout token ends all sessions of its user, not only the one that its `sid` names.
   * @default false
   */
  allSessions?: boolean
  /**
   * Whether back-channel logout revokes the refresh tokens of the sessions that it ends.
   * @default true
   */
  revoke?: boolean
}

export interface FrontchannelConfig {
  /**
   * Whether `GET /bff/frontchannel` is there. Nothing proves who sends such a request: whoever knows the
   * provider's `iss` and the `sid` of a session (every app and API of the same sign-on does) can end that
   * session. Prefer back-channel logout. Sessions of a provider that gives no `sid` end only where the
   * provider is on the same site, so that the session cookie comes along.
   * @default false
   */
  enabled?: boolean
}

export interface SpaConfig {
  /**
   * Other origins that the app is served from, such as `https://app.example.com`. They get CORS headers
   * and may be returned to after sign-in. Each one is trusted as much as the public origin itself.
   * @default []
   */
  origins?: readonly string[]
  /**
   * Page prefixes, such as `/account`, that send an anonymous visitor to sign-in. A convenience for
   * people: data is protected by the engine, whatever is listed here.
   * @default []
   */
  protectedPages?: readonly string[]
  /**
   * Size of a body that a page may be sent by POST (server actions), and the app's own route handlers by
   * any method; a larger one is 413. It has to arrive within 20 seconds, since anybody may send one.
   * @default '1MB'
   */
  pageMaxBody?: ByteSize
}

export interface TokensConfig {
  /**
   * How long before its expiry a token is renewed; never more than a fifth of its lifetime. From `0s`
   * to `1h`. A short value risks tokens that expire on their way to the API.
   * @default '60s'
   */
  margin?: Duration
  /**
   * How long a request waits for a refresh that another one has begun, before it uses the old token
   * or, when that has expired, answers 503. From `1s` to `60s`.
   * @default '10s'
   */
  waiters?: Duration
}

export interface LimitsConfig {
  /**
   * Calls in flight of one client's address, in each process; more are answered 429. From `1`. WebSockets
   * do not count once they are open; the addresses of one IPv6 network of 64 bits are one. No such limit holds
   * for a peer on loopback or in a private network, which may be a front: name it in `BFF_TRUST_PROXY`.
   * @default 1024
   */
  perAddress?: number
  /**
   * Calls in flight of one session, in each process; more are answered 429. From `1`. Calls to remotes that
   * need no session (`token: 'none'`, `'client'`) do not count.
   * @default 512
   */
  perSession?: number
}

/** Types the configuration; it is checked at start, together with the environment. */
export function defineConfig(config: Config): Config {
  return config
}
