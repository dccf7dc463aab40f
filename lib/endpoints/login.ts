import { parseReturnUrl, type ReturnUrlRule } from '../http/return-url.ts'
import type { Provider } from '../oidc/provider.ts'
import { type Endpoint, isPrefetch } from './endpoint.ts'
import { singleParameter } from './parameters.ts'
import { refuse } from './refusal.ts'
import type { StartSignIn } from './start-sign-in.ts'

export interface LoginDeps {
  readonly startSignIn: StartSignIn
  readonly provider: Pick<Provider, 'supportsPrompt'>
  readonly returnUrls: ReturnUrlRule
  readonly loginHref: string
  /** `silent-login`: in an iframe, with `prompt=none`. */
  readonly silent?: boolean
}

/** `GET /bff/login` and `GET /bff/silent-login`. Only the parameters named here are passed on. */
export function createLogin(deps: LoginDeps): Endpoint {
  return async (incoming) => {
    if (isPrefetch(incoming.request)) return new Response(null, { status: 204 })
    const query = incoming.url.searchParams
    const refused = (code: 'bad_request' | 'bad_return_url' | 'bad_prompt') =>
      refuse(incoming, code, { loginHref: deps.loginHref })

    if (query.getAll('returnUrl').length > 1) return refused('bad_return_url')
    const returnUrl = parseReturnUrl(query.get('returnUrl'), deps.returnUrls)
    if (returnUrl === undefined) return refused('bad_return_url')

    const loginHint = singleParameter(query, 'login_hint')
    const acrValues = singleParameter(query, 'acr_values')
    const uiLocales = singleParameter(query, 'ui_locales')
    const maxAge = singleParameter(query, 'max_age', 10)
    const asked = singleParameter(query, 'prompt', 64)
    if (!loginHint.ok || !acrValues.ok || !uiLocales.ok || !maxAge.ok || !asked.ok) {
      return refused('bad_request')
    }
    if (maxAge.value !== undefined && !/^\d{1,9}$/.test(maxAge.value)) return refused('bad_request')
    const prompt = deps.silent ? 'none' : asked.value
    if (prompt !== undefined) {
      if (!/^[a-z_ ]+$/.test(prompt)) return refused('bad_prompt')
      if (!(await deps.provider.supportsPrompt(prompt))) return refused('bad_prompt')
    }
    return deps.startSignIn(incoming, {
      returnUrl,
      ...(prompt === undefined ? {} : { prompt }),
      ...(loginHint.value === undefined ? {} : { loginHint: loginHint.value }),
      ...(acrValues.value === undefined ? {} : { acrValues: acrValues.value }),
      ...(uiLocales.value === undefined ? {} : { uiLocales: uiLocales.value }),
      ...(maxAge.value === undefined ? {} : { maxAge: Number(maxAge.value) }),
      ...(deps.silent ? { silent: true } : {}),
    })
  }
}
