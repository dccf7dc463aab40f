import type { TokenParameters } from '../config/token-parameters.ts'
import { tokenSlot } from './token-slot.ts'

/**
 * Where the token of a sign-in is kept: as if a refresh had brought it at that moment, so that it is used
 * for as long as the hook `tokenRequest` would add the same to a refresh (T19). Never rejects.
 */
export function createSignInSlot(parameters: TokenParameters): () => Promise<string> {
  return async () => {
    try {
      return tokenSlot({}, await parameters({ grant: 'refresh_token' }))
    } catch {
      // Told at the first use of a token, which asks the hook again.
      return tokenSlot({})
    }
  }
}
