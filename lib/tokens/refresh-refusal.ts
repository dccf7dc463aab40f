import type { CallFailure } from '../oidc/call-failure.ts'

/**
 * What an answer that brought no token says (T5):
 * - `dead`: the refresh token no longer works.
 * - `unclear`: that, or that our credentials are wrong.
 * - `additions`: something that the request carried beyond the sign-in's own grant is not to be had, or not
 *   known; nothing about the refresh token.
 * - `misconfigured`: the provider refuses us, not the user.
 * - `unavailable`: no usable answer, or none for now.
 */
export type RefreshRefusal = 'dead' | 'unclear' | 'additions' | 'misconfigured' | 'unavailable'

/** Whether settings, a remote or a hook had put anything into the request that was refused. */
export type RefreshKind = 'sign-in’s own grant' | 'with additions'

/**
 * `invalid_client`, `unauthorized_client` and a 401 are ours before anything else is read (`callFailure`).
 * Only a 400 can end a session, and a 2xx that names the error: whatever else stands before a token
 * endpoint (a firewall, an ingress, a realm that is switched off) answers with any other status.
 */
export function readRefusal(
  { kind, status, error }: CallFailure,
  asked: RefreshKind,
): RefreshRefusal {
  if (kind === 'misconfigured') return 'misconfigured'
  const answered = status !== undefined && (status === 400 || (status >= 200 && status < 300))
  if (!answered) return 'unavailable'
  // An error in a 2xx without a token is that error (T21).
  if (status !== 400) return error === 'invalid_grant' ? 'dead' : 'unavailable'
  const meaning = error === undefined ? withoutReason : (meanings.get(error) ?? unknown)
  return meaning[asked]
}

type Meaning = Readonly<Record<RefreshKind, RefreshRefusal>>

const always = (refusal: RefreshRefusal): Meaning => ({
  'sign-in’s own grant': refusal,
  'with additions': refusal,
})

/** Nobody can tell whether it is the refresh token: so it is asked, but never through what was added. */
const withoutReason: Meaning = { 'sign-in’s own grant': 'unclear', 'with additions': 'additions' }
const unknown: Meaning = { 'sign-in’s own grant': 'misconfigured', 'with additions': 'additions' }

const ours = always('misconfigured')
const notNow = always('unavailable')

/** What a 400 is about, by its error code. One that does not stand here is read as `unknown`. */
const meanings: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  // RFC 6749 section 5.2.
  ['invalid_grant', always('dead')],
  // dex and LemonLDAP::NG say so of a refresh token that they no longer know; all of an odd parameter.
  ['invalid_request', withoutReason],
  ['invalid_scope', unknown],
  ['unsupported_grant_type', ours],
  // RFC 8707 section 2.
  ['invalid_target', unknown],
  // RFC 9449 sections 5 and 8: our proof, or the server's trouble with its own nonces.
  ['invalid_dpop_proof', ours],
  ['use_dpop_nonce', notNow],
  // RFC 6749 section 4.1.2.1 and RFC 8628 section 3.5, which token endpoints borrow.
  ['server_error', notNow],
  ['temporarily_unavailable', notNow],
  ['slow_down', notNow],
  // OpenID Connect Core section 3.1.2.6: the person has to do something, and the grant is good.
  ['interaction_required', notNow],
  ['login_required', notNow],
  ['consent_required', notNow],
  ['account_selection_required', notNow],
])
