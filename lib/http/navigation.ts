/**
 * What becomes of an answer, as far as the browser says it (Fetch Metadata): a page in a `window` or in a
 * `frame`; a `page`, and nobody says where; something that is `no-page`; or nothing is said (`untold`), by an
 * older browser or a program.
 */
export type Destination = 'window' | 'frame' | 'page' | 'no-page' | 'untold'

/** The one answer to what a request is for, from its `Sec-Fetch-Dest` and `Sec-Fetch-Mode`. */
export function destinationOf(headers: Headers): Destination {
  switch (headers.get('sec-fetch-dest')) {
    case null:
      return 'untold'
    case 'document':
      return 'window'
    case 'iframe':
    case 'frame':
      return 'frame'
    case 'empty':
      // Fetch standard: a request that is made of another loses its destination and keeps its mode, and no
      // script can choose this mode. So a service worker asks that fetches a navigation by itself.
      return headers.get('sec-fetch-mode') === 'navigate' ? 'page' : 'no-page'
    default:
      // `embed` and `object` too: what they show is a part of a page.
      return 'no-page'
  }
}

/** True where a person sees the answer, who should get a page and not JSON. */
export function isNavigation(headers: Headers): boolean {
  const destination = destinationOf(headers)
  if (destination !== 'untold') return destination !== 'no-page'
  return (headers.get('accept') ?? '').includes('text/html')
}

/** The whole window, not a frame. Where the browser does not say, the page at the end finds out. */
export function isTopLevel(headers: Headers): boolean {
  return destinationOf(headers) === 'window'
}

/** A prefetch is no wish to sign in or out, and must not start either (L10). */
export function isPrefetch(headers: Headers): boolean {
  const purpose = `${headers.get('sec-purpose')} ${headers.get('purpose')} ${headers.get('x-moz')}`
  return purpose.includes('prefetch') || headers.has('next-router-prefetch')
}
