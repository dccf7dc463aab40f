/** Whose requests may use the session: the public origin, and the listed origins of split hosts. */
export interface CsrfRule {
  readonly publicOrigin: string
  readonly origins: readonly string[]
}

/** The three headers that the rule looks at, as they were received. */
export interface CsrfHeaders {
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly xCsrf: string | undefined
}

/**
 * The CSRF rule, for every method. `Origin`, if present, is exactly ours or a listed one (`null` is
 * not). `Sec-Fetch-Site`, if present, is `same-origin`; a listed origin may be `same-site` or
 * `cross-site`, and then needs the header. Without `Sec-Fetch-Site` the header `X-CSRF: 1` is needed:
 * it makes a cross-origin request preflighted, and no preflight of ours allows it to strangers.
 */
export function passesCsrf(headers: CsrfHeaders, rule: CsrfRule): boolean {
  const { origin, fetchSite, xCsrf } = headers
  const own = origin === undefined || origin === rule.publicOrigin
  if (!own && !rule.origins.includes(origin)) return false
  if (fetchSite === 'same-origin') return own
  if (fetchSite === undefined) return xCsrf === '1'
  if (fetchSite !== 'same-site' && fetchSite !== 'cross-site') return false
  return !own && xCsrf === '1'
}
