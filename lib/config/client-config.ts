export interface ClientConfig {
  /**
   * Token endpoint, when it is not the one of `OIDC_ISSUER`. A server on another origin needs credentials
   * of its own: ours are never sent there.
   */
  tokenEndpoint?: string
  /** Client id. `OIDC_CLIENT_ID` when left out; needs `secretEnv` or `keyEnv` beside it. */
  clientId?: string
  /** Name of the environment variable that holds the client's secret. */
  secretEnv?: string
  /** Name of the environment variable that holds the client's private JWK, for `private_key_jwt`. */
  keyEnv?: string
  /**
   * Pins how this client proves itself. `private_key_jwt` with `keyEnv`, and only then. Left out, a secret of
   * its own goes as one of `oidc` does; without credentials of its own the client proves itself as `oidc` does.
   */
  authMethod?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'
  /** Scopes of the token, separated by spaces. */
  scope?: string
  /** Resource indicator (RFC 8707): an absolute URI. */
  resource?: string
  /** `audience` parameter, for providers that want one. */
  audience?: string
  /**
   * Extra parameters of the token request. Parameters that Cloakroom sets by itself are refused.
   * @default {}
   */
  parameters?: Record<string, string>
  /**
   * Bind the tokens to a key (RFC 9449).
   * @default false
   */
  dpop?: boolean
}
