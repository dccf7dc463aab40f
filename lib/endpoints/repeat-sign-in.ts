import { homeOf, parseReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import type { Remembered, Transactions } from '../session/transaction.ts'
import type { EndpointRequest } from './endpoint.ts'
import type { SignInRequest, StartSignIn } from './start-sign-in.ts'

export interface RepeatSignInDeps {
  readonly startSignIn: StartSignIn
  readonly transactions: Pick<Transactions, 'mayRepeat'>
  readonly returnUrls: ReturnUrlRule
}

/**
 * The one repeat that a sign-in makes by itself, whatever it is for: two visits to the provider, and then
 * a page (L20). The new one carries a mark in its `state`, and the store remembers the old one, in case the
 * provider answers with that again. Undefined: there was one.
 */
export function createRepeatSignIn(deps: RepeatSignInDeps) {
  return async (
    incoming: EndpointRequest,
    state: string,
    remembered: Remembered,
    changes: Pick<SignInRequest, 'withoutResources'> = {},
  ): Promise<Response | undefined> => {
    if (remembered.restart || !(await deps.transactions.mayRepeat(state))) return undefined
    const returnUrl =
      parseReturnUrl(remembered.returnUrl, deps.returnUrls) ?? homeOf(deps.returnUrls)
    return deps.startSignIn(incoming, {
      ...remembered,
      ...changes,
      returnUrl,
      restart: true,
      inPlaceOf: state,
    })
  }
}

export type RepeatSignIn = ReturnType<typeof createRepeatSignIn>
