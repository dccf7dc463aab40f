import { given } from '../http/given.ts'
import { destinationOf, isPrefetch } from '../http/navigation.ts'
import type { ProblemCode } from '../http/problem.ts'
import { parseReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import { uncached } from '../http/uncached.ts'
import type { Provider } from '../oidc/provider.ts'
import type { Log } from '../telemetry/log.ts'
import type { Endpoint } from './endpoint.ts'
import { readForm } from './form.ts'
import { singleParameter } from './parameters.ts'
import { ignoredParameters, passedOnParameters } from './passed-on-parameters.ts'
import { refuse } from './refusal.ts'
import { signInAgain } from './sign-in-again.ts'
import type { StartSignIn } from './start-sign-in.ts'

export interface LoginDeps {
  readonly startSignIn: StartSignIn
  readonly provider: Pick<Provider, 'supportsPrompt'>
  readonly returnUrls: ReturnUrlRule
  readonly issuers: readonly string[]
  readonly loginHref: string
  /** Names of more parameters that are passed on. */
  readonly loginParams: readonly string[]
  readonly log: Log
  /** `silent-login`: in an iframe, with `prompt=none`. */
  readonly silent?: boolean
}

/**
 * `GET,POST /bff/login` and `GET /bff/silent-login`. Only the parameters named here and in
 * `oidc.loginParams` are passed on. Another site, or the provider's list of apps, may begin a sign-in too
 * (OpenID Connect Core section 4). Where the browser says what it asks for (Fetch Metadata), a page begins
 * a sign-in, a frame with `prompt=none` a silent one, and an image nothing (L26).
 */
export function createLogin(deps: LoginDeps): Endpoint {
  return async (incoming) => {
    const { headers } = incoming.request
    const destination = destinationOf(headers)
    const framed = destination === 'frame'
    if (isPrefetch(headers) || destination === 'no-page') {
      return new Response(null, { status: 204, headers: uncached })
    }
    let { loginHref } = deps
    const refused = (code: ProblemCode) => refuse(incoming, code, { loginHref })

    const form = incoming.request.method === 'POST' ? await readForm(incoming.request) : undefined
    if (typeof form === 'string') return refused(form)
    // Of a form that is posted to an address with a query neither half may say what the other does not show.
    const query = new URLSearchParams([...incoming.url.searchParams, ...(form ?? [])])
    // Whoever begins a sign-in for another provider has mistaken us for another app.
    if (query.getAll('iss').some((iss, nth) => nth > 0 || !deps.issuers.includes(iss))) {
      return refused('bad_request')
    }
    if (query.has('returnUrl') && query.has('target_link_uri')) return refused('bad_request')
    const [wanted, ...more] = [...query.getAll('returnUrl'), ...query.getAll('target_link_uri')]
    if (more.length > 0) return refused('bad_return_url')
    const returnUrl = parseReturnUrl(wanted, deps.returnUrls)
    if (returnUrl === undefined) return refused('bad_return_url')
    loginHref = signInAgain(loginHref, { returnUrl })

    const loginHint = singleParameter(query, 'login_hint', Number.POSITIVE_INFINITY)
    const acrValues = singleParameter(query, 'acr_values')
    const uiLocales = singleParameter(query, 'ui_locales')
    const maxAge = singleParameter(query, 'max_age', 10)
    const asked = singleParameter(query, 'prompt', 64)
    const passedOn = passedOnParameters(query, deps.loginParams)
    if (!passedOn.ok) return refused('bad_request')
    if (!loginHint.ok || !acrValues.ok || !uiLocales.ok || !maxAge.ok || !asked.ok) {
      return refused('bad_request')
    }
    if (maxAge.value !== undefined && !/^\d{1,9}$/.test(maxAge.value)) return refused('bad_request')
    const prompt = deps.silent ? 'none' : asked.value
    // Behind a service worker; the page at the end finds out.
    const maybeFramed = destination === 'page' && prompt === 'none'
    // A provider's page does not show in a frame, and the app would not either.
    if (framed && prompt !== 'none') return refused('sign_in_framed')
    if (prompt !== undefined) {
      if (!/^[a-z_ ]+$/.test(prompt)) return refused('bad_prompt')
      if (!(await deps.provider.supportsPrompt(prompt))) return refused('bad_prompt')
    }
    const ignored = ignoredParameters(query, deps.loginParams)
    if (ignored.length > 0) {
      const { requestId } = incoming
      deps.log.event('sign_in.parameters_ignored', { requestId, names: ignored })
    }
    return deps.startSignIn(incoming, {
      returnUrl,
      passedOn: passedOn.value,
      ...given({ prompt }),
      ...(isShort(loginHint.value) ? { loginHint: loginHint.value } : {}),
      ...given({ acrValues: acrValues.value, uiLocales: uiLocales.value }),
      ...(maxAge.value === undefined ? {} : { maxAge: Number(maxAge.value) }),
      ...(deps.silent || framed || maybeFramed ? { silent: true } : {}),
    })
  }
}

/** A hint is a convenience, and the head of our answer has to fit into 4 KB (L27). */
function isShort(hint: string | undefined): hint is string {
  return hint !== undefined && Buffer.byteLength(hint) <= 256
}
