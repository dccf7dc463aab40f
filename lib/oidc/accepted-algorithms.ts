import type { ServerMetadata } from 'openid-client'
import type { OidcSettings } from '../config/oidc.ts'
import { signatureAlgorithms } from '../config/oidc.ts'

/**
 * With what ID tokens and logout tokens may be signed: the pinned algorithm, or whichever the provider lists of those
 * with a public key; RS256 where it lists none (OpenID Connect Core section 3.1.3.7, step 7). Never `none`, and never
 * HS256 and its like, whose key a client secret would be.
 */
export function acceptedAlgorithms(
  { idTokenAlg: pinned }: Pick<OidcSettings, 'idTokenAlg'>,
  { id_token_signing_alg_values_supported: listed }: ServerMetadata,
): readonly string[] {
  if (pinned !== undefined) return [pinned]
  const usable = signatureAlgorithms.filter((it) => Array.isArray(listed) && listed.includes(it))
  return usable.length > 0 ? usable : ['RS256']
}
