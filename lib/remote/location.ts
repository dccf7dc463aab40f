/** Where a remote lies on both sides. */
export interface RemotePlace {
  /** Of the target, for example `https://api.example.com`. */
  readonly origin: string
  /** Path of the target without a trailing slash: `/orders`, or `''`. */
  readonly prefix: string
  /** Path of the remote on our own origin: `/api/remote/orders`. */
  readonly publicPrefix: string
}

/**
 * A `Location` for the browser (P8). Inside the target it becomes the public path; elsewhere it becomes
 * absolute, since a relative one would be read against our origin. What is no URL passes as it is.
 */
export function rewriteLocation(location: string, requestPath: string, place: RemotePlace): string {
  // A request path may begin with two slashes only behind a prefix, so it cannot name a host here.
  const base = place.origin + requestPath
  // Header values are bytes; a URL's text is UTF-8.
  const text = Buffer.from(location, 'latin1').toString('utf8')
  if (!URL.canParse(text, base)) return location
  const url = new URL(text, base)
  if (url.origin !== place.origin || url.username !== '' || url.password !== '') return url.href
  const { pathname } = url
  if (!pathname.startsWith(place.prefix)) return url.href
  const rest = pathname.slice(place.prefix.length)
  if (rest !== '' && !rest.startsWith('/')) return url.href
  return place.publicPrefix + rest + url.search + url.hash
}
