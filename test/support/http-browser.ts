/** One answer, with the address that gave it. */
export interface Visit {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export interface VisitOptions {
  method?: string
  headers?: Record<string, string>
  body?: string | URLSearchParams
  /** Stops before the first address for which this is true, and answers the redirect that leads to it. */
  until?: (url: URL) => boolean
}

/**
 * As much of a browser as a sign-in needs: a cookie jar that ignores ports, as theirs do, and redirects.
 * It knows nothing of SameSite; a real browser shows that.
 */
export interface HttpBrowser {
  /** Cookies by host name and cookie name. */
  readonly jar: Map<string, Map<string, string>>
  /** One request, no redirect followed. */
  send(url: string | URL, options?: VisitOptions): Promise<Visit>
  /** Follows redirects to the end, or to `until`. */
  visit(url: string | URL, options?: VisitOptions): Promise<Visit>
  /** Opens an address that leads to the demo provider's page, picks the person, follows to the end. */
  signIn(url: string | URL, user?: string, options?: Pick<VisitOptions, 'until'>): Promise<Visit>
}

export function createHttpBrowser(): HttpBrowser {
  const jar: HttpBrowser['jar'] = new Map()

  async function send(address: string | URL, options: VisitOptions = {}): Promise<Visit> {
    const url = new URL(address)
    const cookies = [...(jar.get(url.hostname) ?? [])].map(([name, value]) => `${name}=${value}`)
    const response = await fetch(url, {
      redirect: 'manual',
      method: options.method ?? 'GET',
      headers: {
        accept: 'text/html',
        ...(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: options.body }),
    })
    for (const line of response.headers.getSetCookie()) keep(url.hostname, line)
    return { url, status: response.status, headers: response.headers, body: await response.text() }
  }

  function keep(host: string, line: string): void {
    const [pair = '', ...attributes] = line.split(';')
    const name = pair.slice(0, pair.indexOf('=')).trim()
    const value = pair.slice(pair.indexOf('=') + 1).trim()
    const cookies = jar.get(host) ?? new Map<string, string>()
    jar.set(host, cookies)
    if (attributes.some(hasExpired)) cookies.delete(name)
    else cookies.set(name, value)
  }

  async function visit(address: string | URL, options: VisitOptions = {}): Promise<Visit> {
    let answer = await send(address, options)
    for (let hops = 0; hops < 20; hops += 1) {
      const location = answer.headers.get('location')
      if (location === null || answer.status < 300 || answer.status > 399) return answer
      const next = new URL(location, answer.url)
      if (options.until?.(next)) return answer
      answer = await send(next)
    }
    throw new Error(`more than 20 redirects from ${address}`)
  }

  return {
    jar,
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

function hasExpired(attribute: string): boolean {
  const [name = '', value = ''] = attribute.trim().split('=')
  if (name.toLowerCase() === 'max-age') return Number(value) <= 0
  return name.toLowerCase() === 'expires' && Date.parse(value) <= Date.now()
}
