import type { Duration } from './duration.ts'
import type { TlsConfig } from './tls-config.ts'

export interface OidcConfig {
  /**
   * Scopes asked for at sign-in, separated by spaces. Must contain `openid`; without `offline_access`
   * most providers give no refresh token. `OIDC_SCOPE` goes before it.
   * @default 'openid profile email offline_access'
   */
  scope?: string
  /**
   * Extra parameters of the authorization request, such as `audience`, `access_type` or `prompt`.
   * Parameters that Cloakroom sets by itself are refused.
   * @default {}
   */
  params?: Record<string, string>
  /**
   * Extra parameters of the refresh request.
   * @default {}
   */
  refreshParams?: Record<string, string>
  /**
   * Extra parameters of the revocation request.
   * @default {}
   */
  revocationParams?: Record<string, string>
  /**
   * Pins how the client proves itself to the provider. Left out, a secret goes by HTTP Basic, and in the
   * body where the provider refuses that (`invalid_client`, `unauthorized_client`) and lists
   * `client_secret_post`; `private_key_jwt` when `OIDC_CLIENT_KEY` is set, and only then. `tls_client_auth`
   * (RFC 8705) with the certificate of `tls`, in place of a secret or key. `OIDC_AUTH_METHOD` goes before it.
   */
  authMethod?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'tls_client_auth'
  /**
   * Client certificate for the provider (mutual TLS): two PEM files, read at the start. The provider's
   * `mtls_endpoint_aliases` are used where it has them.
   */
  tls?: TlsConfig
  /**
   * `aud` of client assertions, for older servers that want the URL of their token endpoint. The
   * issuer when left out.
   */
  assertionAudience?: string
  /**
   * How the provider hands over the code. `form_post` keeps it out of URLs, and makes the cookie of a
   * sign-in under way `SameSite=None`, because the answer is then a POST from another site.
   * @default 'query'
   */
  responseMode?: 'query' | 'form_post'
  /**
   * Push the authorization request (RFC 9126) also when the provider does not require it.
   * @default false
   */
  par?: boolean
  /**
   * Bind users' tokens to a key (RFC 9449). Every remote that gets a user's token must understand it.
   * @default false
   */
  dpop?: boolean
  /**
   * Read claims from the UserInfo endpoint at sign-in, for providers that leave them out of the ID token.
   * @default false
   */
  userinfo?: boolean
  /**
   * Lead to the provider's sign-out page after a sign-out. Without it people are signed out here only, for
   * providers that have such a page and do not let this client use it.
   * @default true
   */
  logout?: boolean
  /**
   * The one algorithm with which ID tokens and logout tokens may be signed: `RS256`, `PS256`, `ES256`,
   * their 384 and 512 variants, or `EdDSA`.
   * @default 'RS256'
   */
  idTokenAlg?: string
  /**
   * By how much the provider's clock may differ from ours, from `0s` to `10m`. Tokens are believed for as
   * much longer: setting the clock right is better.
   * @default '30s'
   */
  clockTolerance?: Duration
}
