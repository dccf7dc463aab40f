import type { ServerMetadata } from 'openid-client'
import type { Endpoints } from '../config/endpoints.ts'

const members = {
  authorization: 'authorization_endpoint',
  token: 'token_endpoint',
  userinfo: 'userinfo_endpoint',
  jwks: 'jwks_uri',
  revocation: 'revocation_endpoint',
  endSession: 'end_session_endpoint',
  par: 'pushed_authorization_request_endpoint',
} as const satisfies Record<keyof Endpoints, keyof ServerMetadata>

/** Without these nobody signs in. */
const requiredEndpoints = ['authorization', 'token', 'jwks'] as const

/** Whether the settings name all that a sign-in needs: then no discovery document is asked for. */
export function needsNoDiscovery(endpoints: Endpoints): boolean {
  return requiredEndpoints.every((name) => endpoints[name] !== undefined)
}

/** The provider's metadata with the addresses of the settings in place of its own, mutual TLS or not. */
export function withNamedEndpoints(metadata: ServerMetadata, endpoints: Endpoints): ServerMetadata {
  const own: Record<string, string> = {}
  for (const [name, url] of Object.entries(endpoints)) own[members[name as keyof Endpoints]] = url
  const { mtls_endpoint_aliases: aliases } = metadata
  if (aliases === undefined) return { ...metadata, ...own }
  return { ...metadata, ...own, mtls_endpoint_aliases: { ...aliases, ...own } }
}

/** The setting whose address is missing in a discovery document, with the member that has it there. */
export function missingEndpoint(metadata: ServerMetadata) {
  const setting = requiredEndpoints.find((name) => !URL.canParse(String(metadata[members[name]])))
  return setting && { setting, member: members[setting] }
}
