import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { type CookieJar, createCookieJar } from './cookie-jar.ts'
import { type Dest, fetchMode, fetchSite, type Origination } from './same-site.ts'

/** One answer, with the address that gave it. */
export interface Visit {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export interface VisitOptions {
  method?: string
  /** Over all that the browser says by itself; undefined is not said at all. Cookies do not follow them. */
  headers?: Record<string, string | undefined>
  body?: string | URLSearchParams
  /**
   * The page whose link, form or script it is; `typed` for an address that somebody typed.
   * @default the page that is open: the last document, or where its redirect leads
   */
  from?: string | URL | 'typed'
  /** @default 'document' */
  dest?: Dest
  /** Stops before the first address for which this is true, and answers the redirect that leads to it. */
  until?: (url: URL) => boolean
}

/**
 * As much of a browser as a sign-in needs: redirects, a cookie jar that ignores ports, SameSite, fetch metadata.
 * `localhost` and `127.0.0.1` are two sites. A Strict cookie comes along when everything that led to a request
 * is of its site, a Lax one also at a top-level GET from elsewhere, a None one always, if it is Secure.
 * `Sec-Fetch-Site`, `-Mode` and `-Dest` are sent as browsers send them. What no browser does, a test says in
 * `headers`. Paths, domains and prefixes of cookies are not looked at.
 */
export interface HttpBrowser {
  /** Cookies by host name and cookie name. */
  readonly jar: CookieJar['cookies']
  /** One request, no redirect followed. */
  send(url: string | URL, options?: VisitOptions): Promise<Visit>
  /** Follows redirects to the end, or to `until`. */
  visit(url: string | URL, options?: VisitOptions): Promise<Visit>
  /** Opens an address that leads to the demo provider's page, picks the person, follows to the end. */
  signIn(url: string | URL, user?: string, options?: Pick<VisitOptions, 'until'>): Promise<Visit>
}

export function createHttpBrowser(): HttpBrowser {
  const jar = createCookieJar()
  let open: URL | undefined

  function originate({ from, method = 'GET', dest = 'document' }: VisitOptions): Origination {
    const page = from === undefined ? open : from === 'typed' ? undefined : new URL(from)
    return { from: page, through: [], method, dest }
  }

  async function load(url: URL, how: Origination, options: VisitOptions): Promise<Visit> {
    const cookie = jar.header(url, how)
    const answer = await exchange(url, how.method, options.body, {
      accept: how.dest === 'document' ? 'text/html' : '*/*',
      'accept-encoding': 'gzip, deflate, br, zstd',
      'sec-fetch-site': fetchSite(url, how),
      'sec-fetch-mode': fetchMode(how.dest),
      'sec-fetch-dest': how.dest,
      ...(cookie === undefined ? {} : { cookie }),
      ...options.headers,
    })
    for (const line of answer.headers.getSetCookie()) jar.keep(line, url)
    if (how.dest === 'document') open = redirection(answer) ?? url
    return answer
  }

  async function send(address: string | URL, options: VisitOptions = {}): Promise<Visit> {
    return load(new URL(address), originate(options), options)
  }

  async function visit(address: string | URL, options: VisitOptions = {}): Promise<Visit> {
    let how = originate(options)
    let answer = await load(new URL(address), how, options)
    for (let hops = 0; hops < 20; hops += 1) {
      const next = redirection(answer)
      if (!next || options.until?.(next)) return answer
      how = { ...how, method: 'GET', through: [...how.through, answer.url] }
      answer = await load(next, how, {})
    }
    throw new Error(`more than 20 redirects from ${address}`)
  }

  return {
    jar: jar.cookies,
    send,
    visit,
    async signIn(address, user = 'alice', options = {}) {
      const page = await visit(address, options)
      if (!page.url.pathname.startsWith('/interaction/')) return page
      const body = new URLSearchParams({ user })
      if (page.body.includes('name="code"')) body.set('code', '123456')
      return visit(page.url, { ...options, method: 'POST', body })
    },
  }
}

function redirection({ url, status, headers }: Visit): URL | undefined {
  const location = headers.get('location')
  return location !== null && status >= 300 && status <= 399 ? new URL(location, url) : undefined
}

/** Not `fetch`: it says `Sec-Fetch-Mode: cors`, whatever it is told. */
async function exchange(
  url: URL,
  method: string,
  body: VisitOptions['body'],
  headers: Record<string, string | undefined>,
): Promise<Visit> {
  const form = body instanceof URLSearchParams
  const type = form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}
  const said = Object.entries({ ...type, ...headers }).filter(([, value]) => value !== undefined)
  // Browsers know without asking where names of RFC 6761 lead.
  const place = url.hostname.endsWith('.localhost') ? { hostname: '127.0.0.1' } : {}
  const sent = Object.fromEntries([['host', url.host], ...said])
  const outgoing = request(url, { ...place, method, headers: sent })
  outgoing.end(body === undefined ? undefined : String(body))
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const received = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) received.append(name, value)
  }
  const bytes = decode(await buffer(incoming), received.get('content-encoding'))
  return { url, status: incoming.statusCode ?? 0, headers: received, body: bytes.toString('utf8') }
}

function decode(bytes: Buffer, encoding: string | null): Buffer {
  if (bytes.length === 0) return bytes
  if (encoding === 'gzip') return gunzipSync(bytes)
  if (encoding === 'br') return brotliDecompressSync(bytes)
  if (encoding === 'zstd') return zstdDecompressSync(bytes)
  return encoding === 'deflate' ? inflateSync(bytes) : bytes
}
