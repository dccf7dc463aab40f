// RFC 9110 section 9 and RFC 5789: of others a stranger could make up any number.
const known = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'],
])

/** A method for a label; `_OTHER` for what no standard names, as the semantic conventions have it. */
export function knownMethod(method: string): string {
  return known.has(method) ? method : '_OTHER'
}
