import type { ServerMetadata } from 'openid-client'
import type { OidcSettings } from '../config/oidc.ts'
import type { Log } from '../telemetry/log.ts'
import { askedScope } from './asked-scope.ts'
import type { IdTokenClaims } from './id-token.ts'
import { plainCause } from './provider-error.ts'
import { TokenRefusal } from './token-refusal.ts'

export interface WantedUserInfoDeps {
  readonly oidc: OidcSettings
  readonly metadata: ServerMetadata
  readonly log: Log
  /** Rejects with TokenRefusal or ProviderError. */
  fetch(): Promise<Record<string, unknown>>
}

/** OpenID Connect Core section 5.4: the claims that these scopes ask for. */
const claimsOf: Readonly<Record<string, readonly string[]>> = {
  profile: [
    ...['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username'],
    ...['profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale'],
  ],
  email: ['email', 'email_verified'],
}

/**
 * The claims of UserInfo, where they are wanted and could be had. By default (`auto`) that is where `profile` or `email` was asked for
 * and the ID token has none of their claims; a failure then costs these claims. A foreign `sub` is refused all the same.
 */
export async function wantedUserInfo(
  idClaims: IdTokenClaims,
  deps: WantedUserInfoDeps,
): Promise<Record<string, unknown> | undefined> {
  const { oidc, metadata, log } = deps
  if (oidc.userinfo === true) return deps.fetch()
  if (oidc.userinfo === false || metadata.userinfo_endpoint === undefined) return undefined
  const scopes = askedScope(oidc, metadata).split(' ')
  const wanted = scopes.flatMap((scope) => (Object.hasOwn(claimsOf, scope) ? claimsOf[scope] : []))
  if (wanted.length === 0 || wanted.some((name) => name && name in idClaims)) return undefined
  try {
    return await deps.fetch()
  } catch (error) {
    if (error instanceof TokenRefusal) throw error
    log.event('user_info.failed', { cause: plainCause(error) })
    return undefined
  }
}
