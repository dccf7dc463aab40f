import type { ProblemCode } from '../http/problem.ts'
import { AnsweredError } from './answered-error.ts'

/** What can go wrong between us and the provider, in the words that the browser may see. */
export type ProviderFailureCode = Extract<
  ProblemCode,
  'provider_unavailable' | 'bad_provider_answer' | 'provider_misconfigured' | 'sign_in_failed'
>

/**
 * A call to the provider that brought no usable answer. `code` is a problem code; `cause` is for the
 * log and holds no token (see `plainCause`); `error` is the OAuth error code, where there was one; `fix` says what
 * to change, where no other try will help until somebody does.
 */
export class ProviderError extends Error {
  readonly code: ProviderFailureCode
  readonly error?: string
  readonly fix?: string

  constructor(
    code: ProviderFailureCode,
    options: { cause: unknown; error?: string | undefined; fix?: string | undefined },
  ) {
    super(`the provider call failed: ${code}`, { cause: plainCause(options.cause) })
    this.name = 'ProviderError'
    this.code = code
    if (options.error !== undefined) this.error = options.error
    if (options.fix !== undefined) this.fix = options.fix
  }
}

/**
 * The part of an error that may be logged: name, message and the codes along the chain of causes.
 * The originals carry whole token answers (openid-client) and pieces of the text (SyntaxError).
 */
export function plainCause(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('something that is no Error was thrown')
  // It says no more than its code; what was wrong stands in its cause, which is plain already.
  if (error instanceof ProviderError && error.cause instanceof Error) return error.cause
  if (error instanceof AnsweredError) return error
  const codes = new Set<string>()
  let link: unknown = error
  for (let depth = 0; depth < 5 && link instanceof Error; depth++) {
    const { code } = link as { code?: unknown }
    if (typeof code === 'string') codes.add(code)
    link = link.cause
  }
  const message = error instanceof SyntaxError ? 'the text is not JSON' : error.message
  const plain = new Error(codes.size > 0 ? `${message} (${[...codes].join(', ')})` : message)
  plain.name = error.name
  return plain
}
