import { given } from '../http/given.ts'
import { AnsweredError } from './answered-error.ts'
import { ProviderError, plainCause } from './provider-error.ts'
import type { ProviderAnswer } from './provider-fetch.ts'

/**
 * Whose fault a failed provider call is:
 * - `unavailable`: no answer, 5xx, 408, 429. Trying later may help.
 * - `misconfigured`: 401, `invalid_client`, `unauthorized_client`, or nothing could be sent. Ours.
 * - `refused`: any other 4xx, whatever its body, or an error in a 2xx. What was presented is not accepted.
 * - `bad_answer`: a 2xx (or 3xx) that cannot be used.
 */
export interface CallFailure {
  readonly kind: 'unavailable' | 'misconfigured' | 'refused' | 'bad_answer'
  readonly status?: number
  /** OAuth error code, fit for a log (`errorCode`). */
  readonly error?: string
  /** Free of tokens, for the log. */
  readonly cause: Error
}

/** Decides by the HTTP status first: real providers refuse with empty bodies and with HTML (T5). */
export function callFailure(thrown: unknown, answer: ProviderAnswer): CallFailure {
  const own = ownError(thrown)
  if (own) return { kind: kindOf[own.code], cause: own, ...given({ error: own.error }) }
  const { error } = answer
  return {
    kind: decide(answer, error),
    ...given({ status: answer.status, error }),
    cause: new AnsweredError(plainCause(thrown), answer),
  }
}

/** One of ours, which openid-client may have wrapped. */
function ownError(thrown: unknown): ProviderError | undefined {
  if (thrown instanceof ProviderError) return thrown
  const { cause } = Object(thrown) as { cause?: unknown }
  return cause instanceof ProviderError ? cause : undefined
}

/** The failure as an exception, for calls whose callers expect none. */
export function toProviderError(failure: CallFailure, fix?: string): ProviderError {
  if (failure.cause instanceof ProviderError) return failure.cause
  return new ProviderError(failureCodes[failure.kind], {
    cause: failure.cause,
    error: failure.error,
    fix,
  })
}

function decide({ sent, status }: ProviderAnswer, error: string | undefined): CallFailure['kind'] {
  if (!sent) return 'misconfigured'
  if (status === undefined || status >= 500 || status === 408 || status === 429) {
    return 'unavailable'
  }
  // An error in a 2xx without a token is that error (T21).
  if (status < 400 && (status >= 300 || error === undefined)) return 'bad_answer'
  if (status === 401 || error === 'invalid_client' || error === 'unauthorized_client') {
    return 'misconfigured'
  }
  // RFC 9449 section 8: a second challenge in a row is the server's trouble with its own nonces.
  return error === 'use_dpop_nonce' ? 'unavailable' : 'refused'
}

/** The problem that a failed call becomes. */
export const failureCodes = {
  unavailable: 'provider_unavailable',
  misconfigured: 'provider_misconfigured',
  refused: 'sign_in_failed',
  bad_answer: 'bad_provider_answer',
} as const satisfies Record<CallFailure['kind'], string>

const kindOf = {
  provider_unavailable: 'unavailable',
  provider_misconfigured: 'misconfigured',
  sign_in_failed: 'refused',
  bad_provider_answer: 'bad_answer',
} as const
