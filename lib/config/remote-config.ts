import type { ByteSize } from './byte-size.ts'
import type { Duration } from './duration.ts'
import type { RemoteTokenHook, TokenKind } from './settings.ts'
import type { TlsConfig } from './tls-config.ts'

export interface RemoteConfig {
  /**
   * Required. Where the calls go: an origin and, if wanted, a path prefix that they cannot leave.
   * `http:` is accepted for internal networks, with a note in the log.
   */
  target: string
  /**
   * Which token a call carries: `user` (401 when signed out), `client` (a machine token), `user-or-client`
   * and `user-or-none` (the second only when signed out), `none`, or a function that answers the token.
   * @default 'user'
   */
  token?: TokenKind | RemoteTokenHook
  /** Name in `clients` of the machine client, for the kinds `client` and `user-or-client`. */
  client?: string
  /** Scopes of the user's token for this API, when it needs others than the sign-in's. */
  scope?: string
  /** Resource indicator (RFC 8707) of the user's token for this API: an absolute URI. */
  resource?: string
  /** Exchange the user's token (RFC 8693) for one that this API accepts. */
  exchange?: ExchangeConfig
  /** Methods that may be called, in any case. Others get 405. Every method when left out. */
  methods?: readonly string[]
  /**
   * Idle time on the connection to the API after which a call is given up with 504. Not a total: a
   * stream may last as long as something moves. More than `0s`, at most `1d`.
   * @default '100s'
   */
  timeout?: Duration
  /**
   * Time for connecting to the API. More than `0s`, at most `5m`.
   * @default '5s'
   */
  connectTimeout?: Duration
  /** Largest request body, in bytes or as `'512KB'`, `'10MB'`, `'1GB'`. More is a 413. No limit when left out. */
  maxBody?: ByteSize
  /**
   * Names of cookies of the API that reach the browser, where they become cookies of the app's origin.
   * @default []
   */
  setCookie?: readonly string[]
  /**
   * Names of cookies that travel to this API and back: for CSRF pairs, stickiness, a language. In the browser they
   * are the app's cookies, below `/api/remote/<name>` unless their `Path` is `/`; a sign-out, and the sign-in of
   * somebody else, delete them. One name in one remote, at most 6 in all.
   * @default []
   */
  cookies?: readonly string[]
  /**
   * `no-store` marks every answer as not to be stored; `private` lets `Cache-Control: private` and `ETag`
   * through to the browser's own cache.
   * @default 'no-store'
   */
  cache?: 'no-store' | 'private'
  /**
   * `all` tells the API by `X-Forwarded-For`, `-Host`, `-Port`, `-Proto` and `-Prefix` what the browser asked;
   * `none` tells it nothing, for an API that makes a mess of them.
   * @default 'all'
   */
  forwarded?: 'all' | 'none'
  /**
   * Let pages load answers as scripts and workers (`<script src>`, `import()`, `new Worker()`), which are 403
   * otherwise: what somebody uploaded to the API would run as a script of the app.
   * @default false
   */
  scripts?: boolean
  /** Headers on their way to the API, and back. */
  headers?: RemoteHeadersConfig
  /**
   * Insist on tokens that are bound to a key (RFC 9449): a plain one is not sent, and an exchanged one
   * is asked for as bound. Needs `oidc.dpop`, or `dpop` on the machine client. Tokens that are bound
   * travel as such whatever this says.
   * @default false
   */
  dpop?: boolean
  /**
   * Speak HTTP/2 with the API, where it offers that. Needs an `https:` target.
   * @default false
   */
  http2?: boolean
  /**
   * Let WebSocket upgrades through (Node host only).
   * @default false
   */
  websocket?: boolean
  /**
   * Client certificate for the API (mutual TLS): two PEM files, read at the start. Needs an `https:` target.
   */
  tls?: TlsConfig
}

export interface RemoteHeadersConfig {
  /**
   * Headers set on every request, after the browser's own were filtered. Headers that carry credentials
   * or that the connection itself owns are refused.
   * @default {}
   */
  add?: Record<string, string>
  /**
   * Names of the browser's headers that the API never sees, in any case.
   * @default []
   */
  remove?: readonly string[]
  /**
   * Names of further headers of the API's answers that reach the browser. Names of the standards and
   * those that begin with `x-` do so anyway; what commands a browser, a cache or a server never does.
   * @default []
   */
  expose?: readonly string[]
}

export interface ExchangeConfig {
  /** `audience` of the exchange request: the API as the provider names it. */
  audience?: string
  /** `resource` of the exchange request: an absolute URI. */
  resource?: string
  /** Scopes of the new token, separated by spaces. */
  scope?: string
  /** `requested_token_type`: a URI such as `urn:ietf:params:oauth:token-type:access_token`. */
  requestedTokenType?: string
  /** Name in `clients` of the machine client whose token becomes the `actor_token` (delegation). */
  actor?: string
}
