import { parseReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import type { Seal } from '../session/seal.ts'
import { type Endpoint, redirect } from './endpoint.ts'
import { refuse } from './refusal.ts'

export interface LogoutCallbackDeps {
  readonly seal: Seal
  readonly returnUrls: ReturnUrlRule
  readonly loginHref: string
}

/**
 * `GET /bff/logout-callback`: back from the provider. The session is gone already; only the way back is
 * left to find. A provider that returns no `state` costs the return URL; a wrong one is refused.
 */
export function createLogoutCallback(deps: LogoutCallbackDeps): Endpoint {
  return async (incoming) => {
    const states = incoming.url.searchParams.getAll('state')
    if (states.length === 0) return redirect(303, '/')
    const sealed = states.length === 1 ? await deps.seal.unseal(states[0] ?? '') : undefined
    const stored = sealed?.value.returnUrl
    const returnUrl =
      typeof stored === 'string' ? parseReturnUrl(stored, deps.returnUrls) : undefined
    return returnUrl === undefined
      ? refuse(incoming, 'bad_request', { loginHref: deps.loginHref })
      : redirect(303, returnUrl)
  }
}
