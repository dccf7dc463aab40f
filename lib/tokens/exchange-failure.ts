import type { CallFailure } from '../oidc/call-failure.ts'
import { tokenFailure } from './grant-failure.ts'
import type { TokenFailure } from './token-result.ts'

/**
 * Whether an exchange failed of the user's token: `certain` by its error, `possible` where providers say
 * the same of a request that they do not like. RFC 8693 section 2.2.2 asks for `invalid_request`, and most
 * answer `invalid_grant` all the same.
 */
export function subjectRefusal({
  kind,
  status,
  error,
}: CallFailure): 'certain' | 'possible' | 'no' {
  if (kind === 'unavailable' || kind === 'bad_answer') return 'no'
  if (error === 'invalid_grant' || error === 'invalid_token') return 'certain'
  if (status !== 400) return 'no'
  return error === undefined || error === 'invalid_request' ? 'possible' : 'no'
}

/** Why there is no exchanged token, once the user's token was renewed, or was too new for that (T18). */
export function exchangeFailure(failure: CallFailure): TokenFailure {
  const refusal = subjectRefusal(failure)
  if (refusal === 'certain') return 'session_expired'
  // It may be the token all the same, so it is no misconfiguration of ours for certain.
  if (refusal === 'possible') return 'token_unavailable'
  return tokenFailure(failure)
}
