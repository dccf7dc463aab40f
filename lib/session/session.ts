import type { BrowserNames } from './browser-names.ts'

/** One access token of a session. */
export interface AccessToken {
  readonly token: string
  readonly type: 'bearer' | 'dpop'
  /** Epoch milliseconds; undefined when the provider gave no `expires_in`: used until a 401 (T7). */
  readonly expiresAt?: number
  /** Epoch milliseconds at which it was obtained. */
  readonly obtainedAt: number
  readonly scope?: string
}

/** From when to when a refresh token lives, by the provider's word. */
export interface RefreshLife {
  /** Epoch milliseconds. */
  readonly obtainedAt: number
  readonly expiresAt: number
}

/** What the store holds for one signed-in browser, encrypted. */
export interface SessionRecord {
  readonly issuer: string
  readonly clientId: string
  readonly sub: string
  /** The provider's session id, where it gives one. */
  readonly sid?: string
  /** Our own handle of the session, the `sid` of its sign-out link (O4). No credential. */
  readonly handle: string
  readonly claims: Readonly<Record<string, unknown>>
  /** In what it was begun, for whoever looks through their sessions. */
  readonly agent?: BrowserNames
  /** For `id_token_hint` only. */
  readonly idToken?: string
  readonly sessionState?: string
  readonly authTime?: number
  readonly createdAt: number
  /** Absolute expiry, epoch milliseconds. */
  readonly absoluteAt: number
  readonly refreshToken?: string
  /** Where the provider says how long it lives. */
  readonly refreshLife?: RefreshLife
  /** By `tokenSlot(resource, scope)`; the empty slot is the sign-in's own token. */
  readonly accessTokens: Readonly<Record<string, AccessToken>>
  /** Private JWK to which the tokens are bound (RFC 9449). */
  readonly dpopKey?: JsonWebKey
}

/** A session that was read: the record, where it lies and how it may be written. */
export interface Session {
  /** Store key, made of the SHA-256 of the session id. */
  readonly key: string
  readonly version: number
  /** Idle expiry by the store's clock, epoch milliseconds. */
  readonly expiresAt: number
  readonly record: SessionRecord
}
