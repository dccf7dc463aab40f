/** A request on its way, as often as it is sent. A stream as body can be sent once. */
export interface Outgoing {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream | null
}

const redirects = new Set([301, 302, 303, 307, 308])
const bodyHeaders = ['content-encoding', 'content-language', 'content-location', 'content-type']
/** What undici's own `fetch` leaves out for another origin; ours are added with each request. */
const ownersHeaders = ['authorization', 'proxy-authorization', 'cookie', 'host']

/**
 * Where an answer leads to (HTTP-redirect fetch of the fetch standard), or undefined when nowhere.
 * @throws TypeError, as `fetch` does, when a redirect cannot be followed
 */
export function redirectOf(sent: Outgoing, response: Response): Outgoing | undefined {
  const location = response.headers.get('location')
  if (!redirects.has(response.status) || location === null) return undefined
  if (!URL.canParse(location, sent.url)) throw new TypeError('the redirect leads to no URL')
  const url = new URL(location, sent.url)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError('the redirect leads to another scheme than HTTP')
  }
  if (url.hash === '') url.hash = new URL(sent.url).hash
  const headers = new Headers(sent.headers)
  if (!isSameOrigin(url.href, sent.url)) for (const name of ownersHeaders) headers.delete(name)
  if (becomesGet(response.status, sent.method)) {
    for (const name of bodyHeaders) headers.delete(name)
    return { url: url.href, method: 'GET', headers, body: null }
  }
  if (sent.body instanceof ReadableStream && response.status !== 303) {
    throw new TypeError('the redirect asks for a stream that was sent already')
  }
  return { ...sent, url: url.href, headers }
}

export function isSameOrigin(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return method === 'POST' && (status === 301 || status === 302)
}
