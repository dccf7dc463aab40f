import { given } from '../http/given.ts'
import { isTopLevel } from '../http/navigation.ts'
import { parseReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import { silentLoginPage } from '../pages/silent-login-page.ts'
import type { Remembered } from '../session/transaction.ts'
import type { Log } from '../telemetry/log.ts'
import type { Revocation, TokensToRevoke } from '../tokens/revocation.ts'
import type { EndpointRequest } from './endpoint.ts'
import { failureCode } from './failure-code.ts'
import { refuse } from './refusal.ts'
import { signInAgain } from './sign-in-again.ts'

export interface InterruptedSignInDeps {
  /** Undefined where a sign-out revokes nothing either. */
  readonly revoke: Revocation | undefined
  readonly returnUrls: ReturnUrlRule
  readonly loginHref: string
  readonly callbackPath: string
  readonly log: Log
}

/** A sign-in that is broken off by what is not its fault: the store goes away, or a hook throws. */
export function createInterruptedSignIn(deps: InterruptedSignInDeps) {
  return {
    /**
     * No session will hold what the provider gave, so nobody else would revoke it (T8). It stays where the
     * browser had a session before: that one may hang on the same grant, and would end with it (L17).
     */
    giveBack(
      incoming: EndpointRequest,
      { previous }: Pick<Remembered, 'previous'>,
      tokens: TokensToRevoke & { readonly sub: string },
    ): void {
      if (deps.revoke && previous === undefined) {
        incoming.background(deps.revoke(tokens, tokens.sub))
      }
    },

    /** The way leads to the same sign-in once more: what it was for stands in its `state` (L18). */
    answer(
      incoming: EndpointRequest,
      cause: unknown,
      left: { readonly remembered: Partial<Remembered>; readonly clearCookies: readonly string[] },
    ): Response {
      const { requestId } = incoming
      const code = failureCode(cause)
      deps.log.event('request.failed', { requestId, code, route: deps.callbackPath, cause })
      const { returnUrl: wanted, ...remembered } = left.remembered
      const returnUrl = parseReturnUrl(wanted, deps.returnUrls)
      if (remembered.silent && !isTopLevel(incoming.request.headers)) {
        return silentLoginPage(false, deps.returnUrls.publicOrigin, left.clearCookies, returnUrl)
      }
      const again = { ...remembered, ...given({ returnUrl }) }
      const loginHref = signInAgain(deps.loginHref, again)
      return refuse(incoming, code, { loginHref, setCookies: left.clearCookies })
    },
  }
}
