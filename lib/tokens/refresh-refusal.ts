import type { CallFailure } from '../oidc/call-failure.ts'

/**
 * What an answer that brought no token says (T5):
 * - `dead`: the refresh token no longer works.
 * - `unclear`: that, or that our credentials are wrong.
 * - `target`: this resource or scope is not to be had; nothing about the refresh token.
 * - `misconfigured`: the provider refuses us, not the user.
 * - `unavailable`: no usable answer.
 */
export type RefreshRefusal = 'dead' | 'unclear' | 'target' | 'misconfigured' | 'unavailable'

/**
 * Only a 400 can end a session, and a 2xx that names the error: whatever else stands before a token
 * endpoint (a firewall, an ingress, a realm that is switched off) answers with any other status.
 */
export function readRefusal(
  { kind, status, error }: CallFailure,
  asked: 'sign-in’s own grant' | 'another target',
): RefreshRefusal {
  if (kind === 'misconfigured') return 'misconfigured'
  const answered = status !== undefined && (status === 400 || (status >= 200 && status < 300))
  if (!answered) return 'unavailable'
  // RFC 6749 section 5.2.
  if (error === 'invalid_grant') return 'dead'
  if (status !== 400) return 'unavailable'
  if (error === undefined) return 'unclear'
  if (error === 'use_dpop_nonce') return 'unavailable'
  if (asked === 'another target') return 'target'
  // dex and LemonLDAP::NG say so of a refresh token that they no longer know.
  return error === 'invalid_request' ? 'dead' : 'misconfigured'
}
