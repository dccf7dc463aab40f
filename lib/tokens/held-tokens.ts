import type { AccessToken } from '../session/session.ts'
import { type BoundedMap, createBoundedMap } from '../store/bounded-map.ts'
import type { TokenResult } from './token-result.ts'

/** A token that this process keeps, and what a call is given of it. */
export interface HeldToken {
  readonly token: AccessToken
  readonly result: TokenResult
}

/** Tokens by name, in so many bytes at most. */
export function createHeldTokens<T extends HeldToken>(maxBytes: number): BoundedMap<T> {
  return createBoundedMap<T>({
    maxWeight: maxBytes,
    weigh: ({ token }, name) => token.token.length + (token.scope?.length ?? 0) + name.length + 500,
  })
}
