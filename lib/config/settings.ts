import type { ClientCertificate, OutgoingSettings } from '../http/outgoing.ts'

/** The checked settings, as every other part of the engine sees them. Made by `loadSettings`, never by hand. */
export interface Settings {
  readonly mode: 'development' | 'production'
  readonly onVercel: boolean
  /** Scheme, host and port as the browser sees them, for example `https://app.example.com`. */
  readonly publicOrigin: string
  /** Where the endpoints live, without a trailing slash: `/bff`; the empty string for the root. */
  readonly basePath: string
  readonly callbackPath: string
  readonly logoutCallbackPath: string
  /** Newest first: the first seals, all unseal. */
  readonly secrets: readonly string[]
  readonly store: StoreSettings
  readonly trustProxy: TrustProxy
  readonly port: number
  /** An address, a name, or `unix:` and the path of a socket. */
  readonly host: string
  /** How long new connections are still taken after the signal to stop. */
  readonly drainMs: number
  /** Processes on the Node host. */
  readonly workers: number
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly oidc: OidcSettings
  readonly session: SessionSettings
  readonly user: { readonly anonymous: 401 | 200 }
  readonly logout: { readonly requireSid: boolean; readonly revoke: boolean }
  readonly backchannel: { readonly allSessions: boolean; readonly revoke: boolean }
  readonly frontchannel: { readonly enabled: boolean }
  readonly spa: {
    readonly origins: readonly string[]
    readonly protectedPages: readonly string[]
    readonly pageMaxBodyBytes: number
  }
  readonly tokens: { readonly marginSeconds: number; readonly waitersSeconds: number }
  /** Calls in flight, in one process. */
  readonly limits: { readonly perAddress: number; readonly perSession: number }
  readonly remotes: Readonly<Record<string, RemoteSettings>>
  readonly clients: Readonly<Record<string, ClientSettings>>
  /** The way out, for the provider and the APIs alike. */
  readonly outgoing: OutgoingSettings
  readonly hooks: Hooks
}

export type StoreSettings =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'upstash'; readonly url: string; readonly token: string }

/** Whose forwarded headers are believed: nobody's, Vercel's, or those from these CIDRs (`unix`: from our socket). */
export type TrustProxy = 'none' | 'vercel' | readonly string[]

export type ClientAuth =
  /** By HTTP Basic, and in the body where the provider takes it there only (T27). */
  | { readonly method: 'client_secret'; readonly secret: string }
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: string }
  | {
      readonly method: 'private_key_jwt'
      readonly key: JsonWebKey & { kid?: string; alg?: string }
    }
  /** RFC 8705 section 2: by the certificate of `tls`. */
  | { readonly method: 'tls_client_auth' }
  | { readonly method: 'none' }

export interface OidcSettings {
  readonly issuer: string
  readonly clientId: string
  readonly auth: ClientAuth
  /** Shown to the provider on every connection. */
  readonly tls?: ClientCertificate
  readonly scope: string
  readonly params: Readonly<Record<string, string>>
  readonly refreshParams: Readonly<Record<string, string>>
  readonly revocationParams: Readonly<Record<string, string>>
  /** `aud` of client assertions: the issuer when absent. */
  readonly assertionAudience?: string
  readonly responseMode: 'query' | 'form_post'
  readonly par: boolean
  readonly dpop: boolean
  readonly userinfo: boolean
  /** Whether a sign-out leads to the provider's page. */
  readonly logout: boolean
  readonly idTokenAlg: string
  /** By which the provider's clock may differ from ours. */
  readonly clockToleranceSeconds: number
}

export interface SessionSettings {
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly touchEverySeconds: number
  readonly sameSite: 'strict' | 'lax'
  /** Without its prefix. */
  readonly cookieName: string
  readonly claims: readonly string[]
}

export type TokenKind = 'user' | 'client' | 'user-or-client' | 'user-or-none' | 'none'

/** What a token hook is given: who asks, for which remote. Never the session's tokens. */
export interface RemoteTokenContext {
  readonly remote: string
  readonly method: string
  readonly path: string
  readonly user?: { readonly sub: string; readonly claims: Readonly<Record<string, unknown>> }
  /** The user's access token for this remote, refreshed; undefined when nobody is signed in. */
  userToken(): Promise<string | undefined>
}

export type RemoteTokenHook = (context: RemoteTokenContext) => Promise<string | undefined>

export interface RemoteSettings {
  readonly name: string
  /** Origin and path prefix, without a trailing slash. */
  readonly target: string
  readonly token: TokenKind | RemoteTokenHook
  readonly client?: string
  readonly scope?: string
  readonly resource?: string
  readonly exchange?: ExchangeSettings
  /** Upper case; undefined allows every method. */
  readonly methods?: readonly string[]
  readonly idleTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly maxBodyBytes?: number
  /** Names of cookies of the API that reach the browser. */
  readonly setCookie: readonly string[]
  /** Names of cookies that travel to the API, and back. */
  readonly cookies: readonly string[]
  readonly cache: 'no-store' | 'private'
  /** Whether the API is told of the browser's request by `X-Forwarded-*`. */
  readonly forwarded: 'all' | 'none'
  /** Answers may be loaded as scripts. */
  readonly scripts: boolean
  readonly headers: {
    readonly add: Readonly<Record<string, string>>
    /** Lower case. */
    readonly remove: readonly string[]
    /** Of answers; lower case. */
    readonly expose: readonly string[]
  }
  readonly dpop: boolean
  readonly http2: boolean
  readonly websocket: boolean
  /** Shown to the API on every connection. */
  readonly tls?: ClientCertificate
}

export interface ExchangeSettings {
  readonly audience?: string
  readonly resource?: string
  readonly scope?: string
  readonly requestedTokenType?: string
  /** Name of a machine client whose token becomes the `actor_token` (delegation). */
  readonly actor?: string
}

export interface ClientSettings {
  readonly name: string
  /** The provider's token endpoint by discovery when absent. */
  readonly tokenEndpoint?: string
  readonly clientId: string
  readonly auth: ClientAuth
  readonly scope?: string
  readonly resource?: string
  readonly audience?: string
  readonly parameters: Readonly<Record<string, string>>
  readonly dpop: boolean
}

export interface Hooks {
  /** Runs at sign-in and after every refresh that brings new claims; its answer replaces them. */
  readonly claims?: (context: {
    readonly claims: Readonly<Record<string, unknown>>
    readonly reason: 'sign-in' | 'refresh'
  }) => Promise<Record<string, unknown>> | Record<string, unknown>
  /** Extra parameters of a token request, decided at the moment of the request. */
  readonly tokenRequest?: (context: {
    readonly grant: 'authorization_code' | 'refresh_token' | 'client_credentials' | 'token_exchange'
    readonly client?: string
    readonly resource?: string
    readonly scope?: string
  }) => Promise<Record<string, string>> | Record<string, string>
}
