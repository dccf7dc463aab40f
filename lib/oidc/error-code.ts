import { redactMessage } from '../telemetry/redaction.ts'

/**
 * An OAuth error code for a log, as it came (A8). RFC 6749 section 5.2 allows all of printable ASCII but
 * two characters in one, so that a provider may put there what it likes: what is no code, what looks
 * random, and what repeats a value that we sent is `withheld` (A3).
 * @param sent the values of the request that it answers
 */
export function errorCode(value: unknown, sent: readonly string[]): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  if (registered.has(value)) return value
  const isCode = characters.test(value) && redactMessage(value) === value
  return isCode && !repeats(value, sent) ? value : 'withheld'
}

const characters = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,64}$/

/** Also a piece of one, or one with words around it. */
function repeats(value: string, sent: readonly string[]): boolean {
  return sent.some(
    (each) =>
      value === each ||
      (value.length >= shortest && each.includes(value)) ||
      (each.length >= shortest && value.includes(each)),
  )
}

/** Shorter values are no credentials, and stand in words by chance. */
const shortest = 4

/** Codes that mean what they say, although they hold words such as `login`, which we may have sent. */
const registered: ReadonlySet<string> = new Set([
  // RFC 6749 sections 4.1.2.1 and 5.2.
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
  // OpenID Connect Core section 3.1.2.6.
  'interaction_required',
  'login_required',
  'account_selection_required',
  'consent_required',
  'invalid_request_uri',
  'invalid_request_object',
  'request_not_supported',
  'request_uri_not_supported',
  'registration_not_supported',
  // RFC 6750, RFC 7009, RFC 8628, RFC 8707, RFC 9449, RFC 9470, OpenID Connect Unmet Authentication Requirements.
  'invalid_token',
  'insufficient_scope',
  'unsupported_token_type',
  'authorization_pending',
  'slow_down',
  'expired_token',
  'invalid_target',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'insufficient_user_authentication',
  'unmet_authentication_requirements',
])
