import { given } from '../http/given.ts'
import { AnsweredError } from '../oidc/answered-error.ts'
import type { CallFailure } from '../oidc/call-failure.ts'
import { providerFix } from '../oidc/provider-fix.ts'
import type { FailureReason, TokenFailure } from './token-result.ts'

/** Why a token could not be had, as the caller of a machine token or an exchange is told. */
export function tokenFailure({ kind }: CallFailure): TokenFailure {
  // No user's refresh token is at stake in these grants: what is refused was configured by us.
  return kind === 'misconfigured' || kind === 'refused'
    ? 'provider_misconfigured'
    : 'token_unavailable'
}

/** The fields that every failure event has. */
export function failureFields({ error, status, cause }: CallFailure) {
  return {
    cause,
    ...given({ error, status, fix: providerFix(error, 'call') }),
  }
}

/** The same for server code that asked for the token. */
export function reasonOf({ error, status, cause }: CallFailure): FailureReason {
  const description = cause instanceof AnsweredError ? cause.description : undefined
  return given({ status, error, description })
}
