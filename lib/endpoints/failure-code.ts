import type { ProblemCode } from '../http/problem.ts'
import { ProviderError } from '../oidc/provider-error.ts'
import { StoreUnavailableError } from '../store/key-value.ts'

/** The problem that an exception becomes, for the browser; its text is for the log. */
export function failureCode(error: unknown): ProblemCode {
  if (error instanceof StoreUnavailableError || error instanceof ProviderError) return error.code
  return 'internal_error'
}
