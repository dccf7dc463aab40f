import type { AddedParameters, TokenParameters } from '../config/token-parameters.ts'
import { type MaybePromise, whenKnown } from '../store/key-value.ts'

/**
 * Asks the hook `tokenRequest` what it adds at present, and goes on with it: without a promise where the hook
 * needs none. `failed` is for a hook that throws or rejects, not for what comes after it.
 */
export function withAdded<T>(
  ask: () => ReturnType<TokenParameters>,
  use: (added: AddedParameters) => MaybePromise<T>,
  failed: (cause: unknown) => T,
): MaybePromise<T> {
  let added: ReturnType<TokenParameters>
  try {
    added = ask()
  } catch (cause) {
    return failed(cause)
  }
  return whenKnown(added, use, failed)
}
