import { stripWhiteSpace } from '../http/white-space.ts'
import { isGatewayHeader } from './gateway-headers.ts'

/**
 * What of the browser's headers reaches an API, and what of them the proxy itself looks at: one pass
 * over the raw list (P3). Everything that is not named here passes as it came, in its order.
 */

/** What one pass over a request's headers found. */
export class RequestHead {
  /** Flat list for the upstream; ours are added behind it. */
  readonly passed: string[] = []
  cookie: string | undefined
  origin: string | undefined
  fetchSite: string | undefined
  fetchDest: string | undefined
  xCsrf: string | undefined
  requestId: string | undefined
  traceparent: string | undefined
  tracestate: string | undefined
  forwardedFor: string | undefined
  userAgent: string | undefined
  connection: string | undefined
  expect: string | undefined
  upgrade: string | undefined
  contentLength: string | undefined
  transferEncoding: string | undefined
  preflightMethod: string | undefined
  preflightHeaders: string | undefined

  /** RFC 9112 section 6.3: a request has a body when one of the two says so. */
  get hasBody(): boolean {
    return (
      this.transferEncoding !== undefined ||
      (this.contentLength !== undefined && this.contentLength !== '0')
    )
  }

  /** In bytes; infinite when nobody said. */
  get bodyLength(): number {
    return this.contentLength === undefined ? Number.POSITIVE_INFINITY : Number(this.contentLength)
  }
}

type Noted = Exclude<keyof RequestHead, 'passed' | 'hasBody' | 'bodyLength'>
/** What is done with a header: it passes or not, and the proxy looks at it or not. */
interface Rule {
  readonly drop: boolean
  readonly note?: Noted
}

const pass: Rule = { drop: false }
const drop: Rule = { drop: true }
const take = (note: Noted): Rule => ({ drop: true, note })
const read = (note: Noted): Rule => ({ drop: false, note })

const rules: Readonly<Record<string, Rule>> = {
  // Hop-by-hop (RFC 9110 section 7.6.1), and the framing, which is made anew on each connection.
  connection: take('connection'),
  'keep-alive': drop,
  te: drop,
  trailer: drop,
  upgrade: take('upgrade'),
  'http2-settings': drop,
  'transfer-encoding': take('transferEncoding'),
  'content-length': take('contentLength'),
  // RFC 9110 section 10.1.1: answered here, when the body is wanted; undici refuses to send one.
  expect: take('expect'),
  host: drop,

  // Ours and the browser's secret: an API never sees a cookie of this origin.
  cookie: take('cookie'),
  authorization: drop,
  dpop: drop,
  'x-csrf': take('xCsrf'),

  // Claims about the request that only we can make.
  'x-forwarded-for': take('forwardedFor'),
  forwarded: drop,
  'x-real-ip': drop,
  'x-client-ip': drop,
  'x-cluster-client-ip': drop,
  'true-client-ip': drop,
  'cf-connecting-ip': drop,
  'fastly-client-ip': drop,
  'x-rewrite-url': drop,
  'x-request-id': take('requestId'),
  traceparent: take('traceparent'),
  tracestate: take('tracestate'),
  // httpoxy: CGI makes HTTP_PROXY of it.
  proxy: drop,

  origin: read('origin'),
  'sec-fetch-site': read('fetchSite'),
  'sec-fetch-dest': read('fetchDest'),
  'access-control-request-method': read('preflightMethod'),
  'access-control-request-headers': read('preflightHeaders'),

  // Passed like any other; named so that the most frequent headers are found at the first look.
  accept: pass,
  'accept-encoding': pass,
  'accept-language': pass,
  'cache-control': pass,
  'content-type': pass,
  dnt: pass,
  'if-match': pass,
  'if-modified-since': pass,
  'if-none-match': pass,
  pragma: pass,
  priority: pass,
  range: pass,
  referer: pass,
  'sec-ch-ua': pass,
  'sec-ch-ua-mobile': pass,
  'sec-ch-ua-platform': pass,
  'sec-fetch-mode': pass,
  'user-agent': read('userAgent'),
  via: pass,
}

// They would override the method after it was checked.
const methodOverrides = ['x-http-method-override', 'x-http-method', 'x-method-override']

export interface RequestHeaderOptions {
  /** Names that do not pass, lower case: by setting, or because a header of ours takes their place. */
  readonly remove: readonly string[]
  /** The remote is limited to some methods. */
  readonly methodsAreLimited: boolean
  /** HTTP/2 has lower-case names only. */
  readonly lowerCaseNames: boolean
}

/** Makes the function that reads a request's raw headers for one remote. */
export function createRequestHeaders(
  options: RequestHeaderOptions,
): (rawHeaders: readonly string[]) => RequestHead {
  const own = ownRules(options)
  // Looked up by the name as it was written, in the two spellings that clients use. The name is kept with
  // its rule because undici looks up a string that it has seen before faster than one fresh off the wire.
  const known = new Map<string, Rule & { readonly name: string }>()
  for (const [name, rule] of Object.entries(own)) {
    known.set(name, { ...rule, name })
    const written = titleCase(name)
    known.set(written, { ...rule, name: options.lowerCaseNames ? name : written })
  }

  function ruleFor(name: string): Rule {
    const lower = name.toLowerCase()
    const rule = known.get(lower)
    if (rule) return rule
    // CVE-2025-64484: to a CGI-like server `x_user` and `x-user` are one name.
    if (lower.includes('_') || isGatewayHeader(lower)) return drop
    return pass
  }

  return (rawHeaders) => {
    const head = new RequestHead()
    const { passed } = head
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string
      const value = rawHeaders[i + 1] as string
      const rule = known.get(name)
      if (rule) {
        if (!rule.drop) passed.push(rule.name, value)
        if (rule.note !== undefined) noteValue(head, rule.note, value)
      } else {
        const { drop, note } = ruleFor(name)
        if (!drop) passed.push(options.lowerCaseNames ? name.toLowerCase() : name, value)
        if (note !== undefined) noteValue(head, note, value)
      }
    }
    if (head.connection !== undefined) dropNamedByConnection(head, head.connection)
    return head
  }
}

function ownRules(options: RequestHeaderOptions): Record<string, Rule> {
  const own: Record<string, Rule> = { ...rules }
  const removed = options.methodsAreLimited
    ? [...options.remove, ...methodOverrides]
    : options.remove
  for (const name of removed) {
    const { note } = own[name] ?? pass
    own[name] = note === undefined ? drop : take(note)
  }
  return own
}

/** Several lines of one name are one list (RFC 9110 section 5.3); for cookies, RFC 9113 section 8.2.3. */
function noteValue(head: RequestHead, note: Noted, value: string): void {
  const before = head[note]
  if (before === undefined) head[note] = value
  else head[note] = before + (note === 'cookie' ? '; ' : ', ') + value
}

function dropNamedByConnection(head: RequestHead, connection: string): void {
  const value = connection.toLowerCase()
  if (value === 'keep-alive' || value === 'close') return
  const named = new Set(value.split(',').map(stripWhiteSpace))
  const { passed } = head
  let kept = 0
  for (let i = 0; i < passed.length; i += 2) {
    const name = passed[i] as string
    if (named.has(name.toLowerCase())) continue
    passed[kept] = name
    passed[kept + 1] = passed[i + 1] as string
    kept += 2
  }
  passed.length = kept
}

function titleCase(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())
}
