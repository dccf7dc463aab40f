/**
 * The CORS headers for one origin: none, unless it is a listed one of a split-host SPA. `preflight` adds
 * what an OPTIONS request asks for. A listed origin may send credentials; nobody else ever may.
 */
export function corsHeaders(
  origin: string | undefined,
  origins: readonly string[],
): Record<string, string> {
  if (origins.length === 0) return {}
  if (origin === undefined || !origins.includes(origin)) return { vary: 'Cookie, Origin' }
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'X-Request-Id',
    vary: 'Cookie, Origin',
  }
}

/** The answer to a preflight of a listed origin; `undefined` for everybody else's. */
export function preflightHeaders(
  request: { origin: string | undefined; requestedMethod: string | undefined },
  rule: { origins: readonly string[]; methods: readonly string[] },
): Record<string, string> | undefined {
  const { origin, requestedMethod } = request
  if (origin === undefined || requestedMethod === undefined || !rule.origins.includes(origin)) {
    return undefined
  }
  return {
    ...corsHeaders(origin, rule.origins),
    'access-control-allow-methods': rule.methods.join(', '),
    'access-control-allow-headers': 'Content-Type, X-CSRF, X-Request-Id',
    'access-control-max-age': '600',
  }
}
