import type { AccessToken } from '../session/session.ts'
import type { CreateDpopSigner } from './dpop.ts'
import type { TokenResult } from './token-result.ts'

/** A token as the proxy attaches it: a bound one with the proof maker of its key. */
export function carriedToken(
  { token, expiresAt }: AccessToken,
  dpopKey: JsonWebKey | undefined,
  signer: CreateDpopSigner,
): TokenResult {
  const expiry = expiresAt === undefined ? {} : { expiresAt }
  if (!dpopKey) return { kind: 'bearer', token, ...expiry }
  return { kind: 'dpop', token, signer: signer(dpopKey, token), ...expiry }
}
