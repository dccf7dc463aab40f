import type { ServerMetadata } from 'openid-client'

/** Known by its addresses: what it does with scopes and sessions its metadata does not say. */
export function isKeycloak({
  authorization_endpoint: address = '',
}: Pick<ServerMetadata, 'authorization_endpoint'>): boolean {
  return address.includes('/protocol/openid-connect/')
}
