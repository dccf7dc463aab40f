import type { ServerMetadata } from 'openid-client'
import type { OidcSettings } from '../config/oidc.ts'
import { isKeycloak } from './keycloak.ts'

/**
 * The scope of a sign-in. One that is set is sent as it stands. By default `offline_access` (OpenID Connect Core
 * section 11) is left out where the provider lists its scopes without it, since some refuse it on a page of their
 * own; and at Keycloak, which gives refresh tokens all the same: with it the session there is an offline one, which
 * ends single sign-on, silent sign-in and the sign-out from there.
 */
export function askedScope(
  { scope, isScopeSet }: Pick<OidcSettings, 'scope' | 'isScopeSet'>,
  metadata: Pick<ServerMetadata, 'scopes_supported' | 'authorization_endpoint'>,
): string {
  if (isScopeSet || asksOfflineByDefault(metadata)) return scope
  return scope
    .split(' ')
    .filter((name) => name !== 'offline_access')
    .join(' ')
}

function asksOfflineByDefault(
  metadata: Pick<ServerMetadata, 'scopes_supported' | 'authorization_endpoint'>,
): boolean {
  const { scopes_supported: listed } = metadata
  if (isKeycloak(metadata)) return false
  return !Array.isArray(listed) || listed.length === 0 || listed.includes('offline_access')
}
