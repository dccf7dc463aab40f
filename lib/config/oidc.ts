import * as z from 'zod'
import type { ClientCertificate } from '../http/outgoing.ts'
import { parseAssertionAudience } from './assertion-audience.ts'
import { type AuthMethod, authMethods, type ClientAuth, clientAuth } from './client-auth.ts'
import { clientCertificate, tls } from './client-certificate.ts'
import { endpoints } from './endpoints.ts'
import { type Environment, readerOf, type Variables } from './env.ts'
import { checkLoginParameters } from './login-parameters.ts'
import { type LogoutPage, parseLogout } from './logout-page.ts'
import { checkParameters } from './parameters.ts'
import type { Report } from './report.ts'
import { duration, flag, leaf, text, textList, textRecord } from './schema-leaf.ts'
import { acceptedIssuers } from './tenants.ts'
import { parseWebAddress } from './web-address.ts'

const defaultScope = 'openid profile email offline_access'

export const oidcVariables = {
  OIDC_ISSUER: {
    meaning:
      'Issuer of the OpenID Provider, exactly as its discovery document spells it. `https:`, or `http:` on loopback.',
    example: 'https://login.example.com/',
  },
  OIDC_CLIENT_ID: { meaning: 'Client id at the provider.', example: 'my-app' },
  OIDC_CLIENT_SECRET: {
    meaning:
      'Shared secret of the client. One of this, `OIDC_CLIENT_KEY` and `OIDC_CLIENT_ASSERTION_FILE`.',
    secret: true,
  },
  OIDC_CLIENT_KEY: {
    meaning:
      'Private key of the client as a JWK in JSON (RSA of 2048 bits or more, EC or Ed25519), for `private_key_jwt`.',
  },
  OIDC_CLIENT_ASSERTION_FILE: {
    meaning:
      'File with a JWT that the platform writes and renews (Kubernetes service account token, Entra workload identity). Sent as the client assertion (RFC 7523) in place of a secret or key, and read anew each time.',
    example: '/var/run/secrets/tokens/assertion',
  },
  OIDC_AUTH_METHOD: {
    meaning:
      'How the client proves itself: `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `tls_client_auth`. Goes before `oidc.authMethod`.',
    defaultInWords:
      'with a secret HTTP Basic, and in the body where the provider lists that and refuses Basic; with a key `private_key_jwt`',
    example: 'client_secret_post',
  },
  OIDC_SCOPE: {
    meaning: 'Scopes asked for at sign-in. Goes before `oidc.scope`.',
    defaultInWords: `\`${defaultScope}\``,
    example: defaultScope,
  },
} as const satisfies Variables

const read = readerOf(oidcVariables)

const discoverySuffix = '/.well-known/openid-configuration'

// Asymmetric ones only: with HS256 the client secret could forge a sign-in, with none anybody.
export const signatureAlgorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const

export const oidc = z.strictObject({
  /**
   * Scopes asked for at sign-in, separated by spaces. Must contain `openid`. Sent as it stands; by default
   * `offline_access`, without which most providers give no refresh token, is left out where the provider lists its
   * scopes without it, and at Keycloak. `OIDC_SCOPE` goes before it.
   * @default 'openid profile email offline_access'
   */
  scope: text().exactOptional(),
  /**
   * Ids of the tenants (`tid`) that may come in, where `OIDC_ISSUER` is of several: Microsoft Entra's `/common/v2.0` and
   * `/organizations/v2.0`, or one with `{tenantid}`. Required there.
   */
  tenants: textList().prefault([]),
  /**
   * Extra parameters of the authorization request, such as `audience`, `access_type` or `prompt`.
   * Parameters that Cloakroom sets by itself are refused.
   */
  params: textRecord(),
  /**
   * Query parameters of `/bff/login` that are passed on to the provider, such as `kc_idp_hint`, `organization`
   * or `domain_hint`: each once, at most 256 bytes, and before one of that name in `params`. Anybody can
   * make a link with them, so what protects a sign-in, or says what it gives, is refused here.
   */
  loginParams: textList().prefault([]),
  /** Extra parameters of the refresh request. */
  refreshParams: textRecord(),
  /** Extra parameters of the revocation request. */
  revocationParams: textRecord(),
  /**
   * Pins how the client proves itself to the provider. Left out, a secret goes by HTTP Basic, and in the
   * body where the provider refuses that (`invalid_client`, `unauthorized_client`) and lists
   * `client_secret_post`; `private_key_jwt` when `OIDC_CLIENT_KEY` is set, and only then. `tls_client_auth`
   * (RFC 8705) with the certificate of `tls`, in place of a secret or key. `OIDC_AUTH_METHOD` goes before it.
   */
  authMethod: z.enum(authMethods).exactOptional(),
  /**
   * Client certificate for the provider (mutual TLS): two PEM files, read at the start. The provider's
   * `mtls_endpoint_aliases` are used where it has them.
   */
  tls: tls.exactOptional(),
  /**
   * `aud` of client assertions: the issuer, the token endpoint (`'endpoint'`, for pushed requests and
   * revocation too), which older servers want, or a URL.
   */
  assertionAudience: leaf<'issuer' | 'endpoint' | (string & {}), string>(
    parseAssertionAudience,
  ).prefault('issuer'),
  /**
   * Addresses of the provider in place of those in its discovery document, or beside them: `authorization`,
   * `token`, `userinfo`, `jwks`, `revocation`, `endSession`, `par`. With the first two and `jwks` no document is
   * asked for, and what is not set here is not there.
   */
  endpoints: endpoints.prefault({}),
  /**
   * How the provider hands over the code. `form_post` keeps it out of URLs, and makes the cookie of a
   * sign-in under way `SameSite=None`, because the answer is then a POST from another site.
   */
  responseMode: z.enum(['query', 'form_post']).prefault('query'),
  /** Push the authorization request (RFC 9126) also when the provider does not require it. */
  par: flag(false),
  /** Bind users' tokens to a key (RFC 9449). Every remote that gets a user's token must understand it. */
  dpop: flag(false),
  /**
   * Whether claims are read from the UserInfo endpoint at sign-in. `'auto'` does so when `profile` or `email` was
   * asked for and the ID token has none of their claims, and goes on without them when that fails; with `true` a
   * failure fails the sign-in.
   */
  userinfo: z.union([z.boolean(), z.literal('auto')]).prefault('auto'),
  /**
   * Where the resources of remotes (RFC 8707) are named: at sign-in, as most providers that know resources want it, and
   * with each token, or (`'token'`) with each token only. A sign-in that fails for one is repeated without it by itself.
   */
  resources: z.enum(['sign-in', 'token']).prefault('sign-in'),
  /**
   * Lead to the provider's sign-out page after a sign-out. With `false` people are signed out here only, for
   * providers that have such a page and do not let this client use it. `{ url, params }` names a page of a
   * provider without RP-initiated logout (Cognito, older Auth0), with `{clientId}`, `{postLogoutRedirectUri}`,
   * `{idToken}` and `{state}` in the values of `params`; where it brings no `state` back, a sign-out ends at `/`.
   */
  logout: leaf<boolean | LogoutPage>(parseLogout).prefault(true),
  /**
   * The one algorithm with which ID tokens and logout tokens may be signed: `RS256`, `PS256`, `ES256`,
   * their 384 and 512 variants, or `EdDSA`. Left out, each of these that the provider lists; `RS256` where it
   * lists none.
   */
  idTokenAlg: z.enum(signatureAlgorithms).exactOptional(),
  /**
   * By how much the provider's clock may differ from ours, from `0s` to `5m`. Tokens are believed for as
   * much longer: setting the clock right is better.
   */
  clockTolerance: duration({ from: '0s', to: '5m' }).prefault('30s'),
})

type Given = z.output<typeof oidc>

export interface OidcSettings
  extends Readonly<Omit<Given, 'authMethod' | 'tls' | 'scope' | 'clockTolerance'>> {
  readonly issuer: string
  /** `iss` of the tokens that are good: that one, or one for each of `tenants`. */
  readonly issuers: readonly string[]
  readonly clientId: string
  readonly auth: ClientAuth
  /** Shown to the provider on every connection. */
  readonly tls?: ClientCertificate
  readonly scope: string
  /** False: it is the default, and what the provider does not know may be left out of it. */
  readonly isScopeSet: boolean
  /** By which the provider's clock may differ from ours. */
  readonly clockToleranceSeconds: number
}

export function oidcSettings(env: Environment, config: Given, report: Report): OidcSettings {
  const { authMethod, tls: pair, clockTolerance, ...rest } = config
  const { params, refreshParams, revocationParams } = rest
  const certificate = pair && clientCertificate('oidc.tls', pair, report)
  checkParameters('oidc.params', 'authorization', params, report)
  checkLoginParameters(config.loginParams, report)
  checkParameters('oidc.refreshParams', 'refresh', refreshParams, report)
  checkParameters('oidc.revocationParams', 'revocation', revocationParams, report)
  const auth = clientAuth(
    {
      secretName: 'OIDC_CLIENT_SECRET',
      secret: read(env, 'OIDC_CLIENT_SECRET'),
      keyName: 'OIDC_CLIENT_KEY',
      key: read(env, 'OIDC_CLIENT_KEY'),
      assertion: assertionFile(read(env, 'OIDC_CLIENT_ASSERTION_FILE')),
      ...pinnedMethod(env, authMethod, report),
      certificateName: 'oidc.tls',
      hasCertificate: pair !== undefined,
    },
    report,
  )
  const ofProvider = issuer(env, report)
  return {
    ...rest,
    issuer: ofProvider,
    issuers: acceptedIssuers(ofProvider, config.tenants, report),
    clientId: clientId(env, report),
    auth,
    ...(certificate && { tls: certificate }),
    scope: scope(env, config.scope, report),
    isScopeSet: (read(env, 'OIDC_SCOPE') ?? config.scope) !== undefined,
    clockToleranceSeconds: clockTolerance,
  }
}

function assertionFile(path: string | undefined) {
  return path === undefined ? undefined : { setting: 'OIDC_CLIENT_ASSERTION_FILE', path }
}

function pinnedMethod(env: Environment, configured: AuthMethod | undefined, report: Report) {
  const text = read(env, 'OIDC_AUTH_METHOD')
  if (text === undefined) return { methodName: 'oidc.authMethod', method: configured }
  const method = authMethods.find((it) => it === text)
  if (method === undefined) {
    report.problem(
      'OIDC_AUTH_METHOD',
      'is not a valid method',
      `use one of ${authMethods.join(', ')}`,
    )
  } else if (configured !== undefined && configured !== method) {
    report.note('OIDC_AUTH_METHOD is set, so oidc.authMethod is not used.')
  }
  return { methodName: 'OIDC_AUTH_METHOD', method }
}

/** Kept as it is written, because issuers are compared character by character (L3). */
function issuer(env: Environment, report: Report): string {
  const text = read(env, 'OIDC_ISSUER')
  if (text === undefined) {
    report.problem('OIDC_ISSUER', 'is not set', "set it to your provider's issuer URL")
    return ''
  }
  const address = parseWebAddress(text, 'on-loopback')
  if (!address.ok) {
    report.problem('OIDC_ISSUER', address.problem, address.fix)
  } else if (text.endsWith(discoverySuffix)) {
    const rest = text.slice(0, -discoverySuffix.length)
    report.problem('OIDC_ISSUER', 'is the discovery document', `leave it at ${rest}`)
  }
  return text
}

function clientId(env: Environment, report: Report): string {
  const text = read(env, 'OIDC_CLIENT_ID')
  if (text === undefined) {
    report.problem('OIDC_CLIENT_ID', 'is not set', 'set it as the provider shows it')
  }
  return text ?? ''
}

function scope(env: Environment, configured: string | undefined, report: Report): string {
  const fromEnvironment = read(env, 'OIDC_SCOPE')
  const setting = fromEnvironment === undefined ? 'oidc.scope' : 'OIDC_SCOPE'
  if (fromEnvironment !== undefined && configured !== undefined) {
    report.note('OIDC_SCOPE is set, so oidc.scope is not used.')
  }
  const names = (fromEnvironment ?? configured ?? defaultScope).split(/\s+/).filter(Boolean)
  if (!names.includes('openid')) {
    report.problem(setting, 'lacks openid', 'put openid first')
  }
  return names.join(' ')
}
