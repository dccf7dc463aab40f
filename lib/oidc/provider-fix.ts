import type { RefusedClaim } from './token-refusal.ts'

/** Which way an error came: in a link that a browser brought, or in an answer to a call of ours. */
export type ErrorChannel = 'browser' | 'call'

/** What to change, for the errors of a provider that do not go away by themselves; undefined for all others. */
export function providerFix(error: string | undefined, channel: ErrorChannel): string | undefined {
  return channel === 'call'
    ? (ofCalls.get(error ?? '') ?? undefined)
    : (ofBrowsers.get(error ?? '') ?? undefined)
}

/** The same for a token that was refused. */
export function tokenFix(about: RefusedClaim | undefined): string | undefined {
  if (about?.claim === 'alg') {
    return `set oidc.idTokenAlg to ${about.found} if the provider is meant to sign with it (never none or HS256), or let it sign this client's ID tokens with ${about.expected}`
  }
  return about?.claim === 'iss' && about.token === 'ID token'
    ? 'if people of this issuer may come in, add the id of its tenant to oidc.tenants, or set OIDC_ISSUER to it'
    : undefined
}

const secret =
  'compare OIDC_CLIENT_ID and OIDC_CLIENT_SECRET (or OIDC_CLIENT_KEY) with the client at the provider; oidc.authMethod pins how they are sent'
const scope =
  'allow the scopes of OIDC_SCOPE (oidc.scope) to this client at the provider, or take out of it what the provider does not know; offline_access is a frequent one'
const resource =
  'compare remotes.*.resource with the APIs that the provider knows; a remote without one gets the token of the sign-in'
const grant =
  'allow this client the grants authorization_code and refresh_token at the provider (and client_credentials or token exchange where they are used), and its standard flow'

/** Maps, since an object would have an answer for `constructor` too (L19). */
const ofCalls: ReadonlyMap<string, string> = new Map([
  ['invalid_client', secret],
  ['unauthorized_client', `${secret}; ${grant}`],
  ['unsupported_grant_type', grant],
  ['invalid_scope', scope],
  ['invalid_target', resource],
  [
    'invalid_dpop_proof',
    'set the clocks right (NTP), and see whether the provider takes DPoP (oidc.dpop)',
  ],
])

const ofBrowsers: ReadonlyMap<string, string> = new Map([
  ['invalid_scope', scope],
  ['invalid_target', resource],
  ['unauthorized_client', grant],
  ['unsupported_response_type', 'allow this client the response type "code" at the provider'],
  [
    'invalid_request',
    'see what the description names: often PKCE, which has to be S256, or a parameter of oidc.params',
  ],
])
