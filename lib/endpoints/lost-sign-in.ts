import { parseReturnUrl, type ReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import type { Sessions } from '../session/sessions.ts'
import type { TakenTransaction } from '../session/transaction.ts'
import { type EndpointRequest, redirect } from './endpoint.ts'
import { refuse } from './refusal.ts'
import { signInAgain } from './sign-in-again.ts'
import { silentLoginPage } from './silent-login-page.ts'
import type { StartSignIn } from './start-sign-in.ts'

export interface LostSignInDeps {
  readonly sessions: Pick<Sessions, 'read'>
  readonly startSignIn: StartSignIn
  readonly returnUrls: ReturnUrlRule
  readonly loginHref: string
}

type Lost = Extract<TakenTransaction, { kind: 'lost' }>

/**
 * A callback whose transaction is not there: begun in another browser, expired, used, or given way. It
 * starts again once, with its return URL, and then a page says so (L11). A `state` that is not ours says
 * nothing about a try before, so it starts nothing beside a sign-in that is under way, and neither does an
 * error.
 */
export function createLostSignIn(deps: LostSignInDeps) {
  return async (
    incoming: EndpointRequest,
    { remembered, underWay }: Lost,
    answer: { readonly state: string; readonly kind: 'code' | 'error' },
  ): Promise<Response> => {
    if (incoming.request.headers.get('sec-fetch-dest') === 'iframe') {
      return silentLoginPage(false, deps.returnUrls.publicOrigin)
    }
    const { returnUrl: wanted, ...asked } = remembered ?? { returnUrl: '/' }
    const returnUrl = parseReturnUrl(wanted, deps.returnUrls) ?? ('/' as ReturnUrl)
    const read = await deps.sessions.read(incoming.cookies, 'peek')
    if (read.kind === 'session') return redirect(303, returnUrl)
    const tried = remembered ? remembered.restart : underWay
    if (tried || answer.kind === 'error') {
      if (asked.prompt === 'none') return redirect(303, returnUrl)
      const loginHref = signInAgain(deps.loginHref, { ...asked, returnUrl })
      return refuse(incoming, 'sign_in_lost', { loginHref })
    }
    return deps.startSignIn(incoming, {
      ...asked,
      returnUrl,
      restart: true,
      inPlaceOf: answer.state,
    })
  }
}
