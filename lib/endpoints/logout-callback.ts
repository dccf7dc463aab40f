import { homeOf, parseReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import type { Seal } from '../session/seal.ts'
import { type Endpoint, redirect } from './endpoint.ts'

export interface LogoutCallbackDeps {
  readonly seal: Seal
  readonly returnUrls: ReturnUrlRule
}

/**
 * `GET /bff/logout-callback`: back from the provider. The session is gone already; only the way back is
 * left to find. A provider that returns no `state`, or another one, costs the return URL and no more: a
 * person who has just signed out has nothing to do on an error page (O10).
 */
export function createLogoutCallback(deps: LogoutCallbackDeps): Endpoint {
  return async (incoming) => {
    const states = incoming.url.searchParams.getAll('state')
    const sealed = states.length === 1 ? await deps.seal.unseal(states[0] ?? '') : undefined
    const stored = sealed?.value.returnUrl
    const returnUrl =
      typeof stored === 'string' ? parseReturnUrl(stored, deps.returnUrls) : undefined
    return redirect(303, returnUrl ?? homeOf(deps.returnUrls))
  }
}
