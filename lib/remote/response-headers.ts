import type { IncomingHttpHeaders } from 'node:http'
import { parseChallenges } from '../http/challenge.ts'
import { stripWhiteSpace } from '../http/white-space.ts'
import type { RemotePlace } from './location.ts'
import { rewriteLocation } from './location.ts'

/**
 * What of an API's headers reaches the browser (P4). An API behind the proxy speaks from the app's own
 * origin, so whatever would act on that origin as a whole is taken from it.
 */

/** The API's answer cannot be passed on. */
class BadAnswerError extends Error {
  readonly code = 'upstream_bad_answer'
}

/** What an answer's headers depend on besides the answer. */
export interface AnswerContext {
  readonly requestId: string
  /** Path on the target, against which a relative `Location` is read. */
  readonly upstreamPath: string
  /** A session cookie that has to be renewed. */
  readonly setCookie: string | undefined
  /** CORS headers for a listed origin, else empty. */
  readonly corsHeaders: readonly string[]
}

export interface ResponseHeaderOptions {
  readonly place: RemotePlace
  readonly cache: 'no-store' | 'private'
  /** Names of cookies of the API that pass. */
  readonly setCookie: readonly string[]
  /** Answers differ by origin, because there are listed ones. */
  readonly varyByOrigin: boolean
}

type Rule =
  | 'drop'
  | 'pass'
  | 'cache-control'
  | 'content-length'
  | 'content-type'
  | 'location'
  | 'set-cookie'
  | 'transfer-encoding'
  | 'vary'
  | 'www-authenticate'

const rules: Readonly<Record<string, Rule>> = {
  connection: 'drop',
  'keep-alive': 'drop',
  'transfer-encoding': 'transfer-encoding',
  trailer: 'drop',
  upgrade: 'drop',
  'cache-control': 'cache-control',
  expires: 'drop',
  pragma: 'drop',
  age: 'drop',
  'cache-tag': 'drop',
  'set-cookie': 'set-cookie',
  'set-cookie2': 'drop',
  // They change what the browser does with the whole origin.
  'accept-ch': 'drop',
  'alt-svc': 'drop',
  'clear-site-data': 'drop',
  'critical-ch': 'drop',
  nel: 'drop',
  'origin-agent-cluster': 'drop',
  'origin-trial': 'drop',
  'public-key-pins': 'drop',
  'report-to': 'drop',
  'reporting-endpoints': 'drop',
  'service-worker-allowed': 'drop',
  'strict-transport-security': 'drop',
  // They command the web server that may stand in front of us.
  'x-sendfile': 'drop',
  'x-lighttpd-send-file': 'drop',
  // The nonce is a matter between the API and us; a Basic challenge would open the browser's dialog.
  'dpop-nonce': 'drop',
  'www-authenticate': 'www-authenticate',
  'x-content-type-options': 'drop',
  'x-request-id': 'drop',
  location: 'location',
  'content-location': 'location',
  'content-length': 'content-length',
  'content-type': 'content-type',
  vary: 'vary',
  date: 'pass',
  etag: 'pass',
  server: 'pass',
  'last-modified': 'pass',
  'content-encoding': 'pass',
}

const droppedFamilies =
  /^(?:access-control-|proxy-|surrogate-|x-accel-|x-middleware-|x-nextjs-|x-vercel-)|cdn-cache-control$/

// What a browser may run or render as a document. A PDF or a docx is none (`openxml` is no `/xml`).
const activeContent = /html|svg|[/+]xml|\/xsl|mathml|mixed-replace/i

// RFC 9111: what would let a shared cache keep, or a private one hand out too early.
const sharedDirective = /^(?:public|s-maxage|proxy-revalidate|private)\b/i
const soundDirective = /^[\w-]+(?:=(?:"[^"]*"|[\w-]+))?$/

export type ResponseHeaders = (
  status: number,
  headers: IncomingHttpHeaders,
  context: AnswerContext,
) => string[]

/** Makes the function that turns the headers of one remote's answers into the browser's, as a flat list. */
export function createResponseHeaders(options: ResponseHeaderOptions): ResponseHeaders {
  const { place } = options
  const known = new Map(Object.entries(rules))
  const cookieNames = new Set(options.setCookie)
  const varyBy = options.varyByOrigin ? 'Cookie, Origin' : 'Cookie'

  function namedByConnection(value: string | string[] | undefined): Set<string> | undefined {
    if (value === undefined) return undefined
    const text = String(value).toLowerCase()
    if (text === 'keep-alive' || text === 'close') return undefined
    return new Set(text.split(',').map(stripWhiteSpace))
  }

  return (status, headers, context) => {
    const out: string[] = []
    const hopByHop = namedByConnection(headers.connection)
    let vary: string | string[] | undefined
    let cacheControl: string | string[] | undefined
    let contentType = ''

    for (const name in headers) {
      const value = headers[name] as string | string[]
      const rule = known.get(name) ?? (droppedFamilies.test(name) ? 'drop' : 'pass')
      if (rule === 'drop' || hopByHop?.has(name)) continue
      switch (rule) {
        case 'content-type':
          contentType = String(value)
          push(out, name, value)
          break
        case 'content-length':
          // RFC 9110 section 8.6: none on a 204.
          if (status !== 204) push(out, name, value)
          break
        case 'cache-control':
          cacheControl = value
          break
        case 'vary':
          vary = value
          break
        case 'transfer-encoding':
          // We accept none but chunked, and undo that; what else was done to the body we cannot undo.
          if (String(value).toLowerCase() !== 'chunked') throw new BadAnswerError(name)
          break
        case 'location':
          push(out, name, rewriteLocation(String(value), context.upstreamPath, place))
          break
        case 'set-cookie':
          pushCookies(out, value, cookieNames)
          break
        case 'www-authenticate':
          pushChallenges(out, value)
          break
        default:
          push(out, name, value)
      }
    }

    const cached = options.cache === 'private' ? privateCaching(cacheControl) : 'private, no-store'
    out.push('cache-control', cached, 'vary', mergeVary(vary, varyBy))
    out.push('x-content-type-options', 'nosniff', 'x-request-id', context.requestId)
    if (isActive(contentType, status)) out.push('content-security-policy', 'sandbox')
    // Proxies in front of us must not gather events (nginx does).
    if (isEventStream(contentType)) out.push('x-accel-buffering', 'no')
    if (context.setCookie !== undefined) out.push('set-cookie', context.setCookie)
    if (context.corsHeaders.length > 0) out.push(...context.corsHeaders)
    return out
  }
}

/** Server-sent events, by the value of `Content-Type`. */
export function isEventStream(contentType: string | undefined): boolean {
  return contentType?.startsWith('text/event-stream') === true
}

function push(out: string[], name: string, value: string | string[]): void {
  if (typeof value === 'string') out.push(name, value)
  else for (const one of value) out.push(name, one)
}

function isActive(contentType: string, status: number): boolean {
  if (contentType.startsWith('application/json')) return false
  if (contentType === '') return status !== 204 && status !== 304
  return activeContent.test(contentType)
}

function mergeVary(vary: string | string[] | undefined, ours: string): string {
  return vary === undefined ? ours : `${String(vary)}, ${ours}`
}

/** The API's own directives, kept to this one browser; without any the answer is not stored. */
function privateCaching(value: string | string[] | undefined): string {
  if (value === undefined) return 'private, no-store'
  const kept = String(value)
    .split(',')
    .map(stripWhiteSpace)
    .filter((directive) => soundDirective.test(directive) && !sharedDirective.test(directive))
  return ['private', ...kept].join(', ')
}

function pushCookies(out: string[], value: string | string[], names: ReadonlySet<string>): void {
  for (const cookie of Array.isArray(value) ? value : [value]) {
    const equals = cookie.indexOf('=')
    if (equals > 0 && names.has(stripWhiteSpace(cookie.slice(0, equals))))
      out.push('set-cookie', cookie)
  }
}

function pushChallenges(out: string[], value: string | string[]): void {
  for (const line of Array.isArray(value) ? value : [value]) {
    const challenges = parseChallenges(line)
    const readable = challenges.every(({ scheme }) => scheme === 'bearer' || scheme === 'dpop')
    if (challenges.length > 0 && readable) out.push('www-authenticate', line)
  }
}
