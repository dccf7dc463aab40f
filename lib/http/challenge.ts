/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1). Scheme and names lower case. */
export interface Challenge {
  readonly scheme: string
  readonly params: ReadonlyMap<string, string>
}

const maxLength = 8192

/** Parses every challenge; gives up quietly at the first thing that is no challenge. */
export function parseChallenges(header: string | string[] | undefined): Challenge[] {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '')
  if (text.length > maxLength) return []
  const challenges: { scheme: string; params: Map<string, string> }[] = []
  // Either `name = value` with an optional comma before it, or a scheme (with token68, which is skipped).
  const item =
    /[ \t,]*(?:([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^ \t",=]+))(?=[ \t]*(?:,|$))|([!#$%&'*+.^_`|~\w-]+)(?=[ \t,]|$)(?:[ \t]+[\w.~+/-]+=*(?=[ \t]*(?:,|$)))?)/gy
  for (let match = item.exec(text); match; match = item.exec(text)) {
    const [whole, name, quoted, token, scheme] = match
    if (whole === '') break
    if (scheme !== undefined) {
      challenges.push({ scheme: scheme.toLowerCase(), params: new Map() })
    } else if (name !== undefined) {
      const value = quoted === undefined ? token : quoted.replace(/\\(.)/g, '$1')
      challenges.at(-1)?.params.set(name.toLowerCase(), value ?? '')
    }
  }
  return challenges
}

/** True when the API asks for a DPoP nonce (RFC 9449 section 9): an instruction, not a failure. */
export function asksForNonce(challenges: readonly Challenge[]): boolean {
  return challenges.some(
    ({ scheme, params }) => scheme === 'dpop' && params.get('error') === 'use_dpop_nonce',
  )
}

/**
 * The sign-in that an API asks for with `insufficient_user_authentication` (RFC 9470 section 3), as a
 * login URL; undefined when it does not ask. Values that no authorization request may carry are left out.
 */
export function stepUpLoginUrl(
  challenges: readonly Challenge[],
  basePath: string,
): string | undefined {
  const asked = challenges.find(
    ({ scheme, params }) =>
      (scheme === 'bearer' || scheme === 'dpop') &&
      params.get('error') === 'insufficient_user_authentication',
  )
  if (!asked) return undefined
  const query = new URLSearchParams()
  const acrValues = asked.params.get('acr_values') ?? ''
  const maxAge = asked.params.get('max_age') ?? ''
  if (/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(acrValues) && acrValues.length <= 512) {
    query.set('acr_values', acrValues)
  }
  if (/^\d{1,9}$/.test(maxAge)) query.set('max_age', maxAge)
  return query.size === 0 ? `${basePath}/login` : `${basePath}/login?${query}`
}
