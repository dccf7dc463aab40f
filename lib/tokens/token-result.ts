/** Signs the DPoP proof for one request (RFC 9449 section 4.2). */
export interface DpopSigner {
  /** `htu` without query and fragment; a fresh `jti` each time; `ath` of the bound token; the origin's last nonce. */
  proof(method: string, url: string): Promise<string>
  /** Remembers the nonce that the origin of `url` asked for. */
  rememberNonce(url: string, nonce: string): void
}

export type TokenFailure =
  | 'not_signed_in'
  | 'session_expired'
  /** The session lives, but there is no refresh token to get another one with (T25). */
  | 'token_expired'
  | 'token_unavailable'
  | 'store_unavailable'
  | 'provider_misconfigured'

/** What the provider said to a token request, in its own words, without anything like a token in them. */
export interface FailureReason {
  readonly status?: number
  /** OAuth error code (RFC 6749 section 5.2). */
  readonly error?: string
  readonly description?: string
}

/** A token for one call, or the reason why there is none. Expected outcomes are values. */
export type TokenResult =
  | { readonly kind: 'bearer'; readonly token: string; readonly expiresAt?: number }
  | {
      readonly kind: 'dpop'
      readonly token: string
      readonly expiresAt?: number
      readonly signer: DpopSigner
    }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly code: TokenFailure; readonly reason?: FailureReason }
