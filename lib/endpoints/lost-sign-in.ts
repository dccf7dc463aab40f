import { destinationOf } from '../http/navigation.ts'
import { homeOf, parseReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import { silentLoginPage } from '../pages/silent-login-page.ts'
import type { Sessions } from '../session/sessions.ts'
import type { TakenTransaction, Transactions } from '../session/transaction.ts'
import { type EndpointRequest, redirect } from './endpoint.ts'
import { refuse } from './refusal.ts'
import type { RepeatSignIn } from './repeat-sign-in.ts'
import { signInAgain } from './sign-in-again.ts'
import type { StartSignIn } from './start-sign-in.ts'

export interface LostSignInDeps {
  readonly sessions: Pick<Sessions, 'read'>
  readonly startSignIn: StartSignIn
  readonly transactions: Pick<Transactions, 'restartMark'>
  readonly returnUrls: ReturnUrlRule
  readonly loginHref: string
}

type Lost = Extract<TakenTransaction, { readonly kind: 'lost' }>

/**
 * A callback whose transaction is not there: begun in another browser, expired, used, or given way. It
 * starts again once, with its return URL, and then a page says so (L11). A `state` that is not ours says
 * nothing about a try before, so it starts nothing beside a sign-in that is under way, and neither does an
 * error.
 */
export function createLostSignIn(deps: LostSignInDeps, repeat: RepeatSignIn) {
  /** Without a `state` of ours only the browser can say whether this was tried before (L20). */
  async function startAnew(incoming: EndpointRequest): Promise<Response | undefined> {
    const { restartMark } = deps.transactions
    const { pathname, searchParams } = incoming.url
    switch (restartMark.judge(incoming.cookies, searchParams.get('again'))) {
      case 'none': {
        const { mark, setCookie } = restartMark.issue()
        return redirect(303, `${pathname}?again=${mark}`, [setCookie])
      }
      case 'kept': {
        const started = await deps.startSignIn(incoming, { returnUrl: homeOf(deps.returnUrls) })
        started.headers.append('set-cookie', restartMark.spend())
        return started
      }
      case 'spent':
        return undefined
    }
  }

  return async (
    incoming: EndpointRequest,
    { remembered, underWay, used }: Lost,
    answer: { readonly state: string; readonly kind: 'code' | 'error' },
  ): Promise<Response> => {
    const destination = destinationOf(incoming.request.headers)
    if (destination === 'frame') {
      return silentLoginPage(false, deps.returnUrls.publicOrigin)
    }
    const wanted = parseReturnUrl(remembered?.returnUrl, deps.returnUrls)
    const returnUrl = wanted ?? homeOf(deps.returnUrls)
    const read = await deps.sessions.read(incoming.cookies, 'peek')
    if (read.kind === 'session' || used === 'by-this-answer') return redirect(303, returnUrl)
    // What is no page, an image say, begins nothing, and would show nobody anything.
    if (answer.kind === 'code' && destination !== 'no-page') {
      const again = remembered
        ? await repeat(incoming, answer.state, remembered)
        : underWay
          ? undefined
          : await startAnew(incoming)
      if (again) return again
    }
    if (remembered?.prompt === 'none') return redirect(303, returnUrl)
    const loginHref = signInAgain(deps.loginHref, { ...remembered, returnUrl })
    return refuse(incoming, 'sign_in_lost', { loginHref })
  }
}
