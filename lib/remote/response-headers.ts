import { parseChallenges } from '../http/challenge.ts'
import { privateNoStore } from '../http/uncached.ts'
import { stripWhiteSpace } from '../http/white-space.ts'
import { createAnswerRules } from './answer-header-rules.ts'
import { isInert } from './inert-types.ts'
import { publicLinks } from './link.ts'
import type { RemotePlace } from './location.ts'
import { createPublicAddress } from './location.ts'
import { isStreaming } from './streaming-types.ts'

/**
 * What of an API's headers reaches the browser (P4). An API behind the proxy speaks from the app's own
 * origin, so whatever would act on that origin as a whole is taken from it.
 */

/** An answer's headers by lower-case name. An API may repeat any of them, so no name is sure to be a string. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/** The API's answer cannot be passed on. */
class BadAnswerError extends Error {
  readonly code = 'upstream_bad_answer'
}

/** The API sends the browser where no browser gets. */
class BadRedirectError extends Error {
  readonly code = 'upstream_bad_redirect'
}

// Fetch standard, section 2.2.3: browsers follow these.
const redirects = new Set([301, 302, 303, 307, 308])

/** What an answer's headers depend on besides the answer. */
export interface AnswerContext {
  readonly requestId: string
  /** Cookies of the API that travel both ways, as the browser gets them. */
  readonly apiCookies: readonly string[]
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
  /** Further names of headers that pass, lower case. */
  readonly expose: readonly string[]
  /** Answers differ by origin, because there are listed ones. */
  readonly varyByOrigin: boolean
}

// RFC 9111: what would let a shared cache keep, or a private one hand out too early.
const sharedDirective = /^(?:public|s-maxage|proxy-revalidate|private)\b/i
const soundDirective = /^[\w-]+(?:=(?:"[^"]*"|[\w-]+))?$/

// RFC 9111 section 3.2: what a 304 says takes the place of what is stored. So it says nothing about the
// content, nor about what a page may do with it (P30).
const describesStored =
  /^(?:content-(?!location|length)|cross-origin-|x-(?:frame-|xss-|download-|permitted-|webkit-))|-policy(?:-report-only)?$/

export type ResponseHeaders = (
  status: number,
  headers: AnswerHeaders,
  context: AnswerContext,
) => string[]

/** Makes the function that turns the headers of one remote's answers into the browser's, as a flat list. */
export function createResponseHeaders(options: ResponseHeaderOptions): ResponseHeaders {
  const publicAddress = createPublicAddress(options.place)
  const ruleOf = createAnswerRules(options.expose)
  const cookieNames = new Set(options.setCookie)
  const varyBy = options.varyByOrigin ? 'Cookie, Origin' : 'Cookie'

  function namedByConnection(value: string | string[] | undefined): Set<string> | undefined {
    if (value === undefined) return undefined
    const text = String(value).toLowerCase()
    if (text === 'keep-alive' || text === 'close') return undefined
    return new Set(text.split(',').map(stripWhiteSpace))
  }

  function pushLocation(
    out: string[],
    name: string,
    value: string,
    status: number,
    requestPath: string,
  ): void {
    const address = publicAddress(value, requestPath)
    if (address !== undefined) out.push(name, address)
    else if (name === 'location' && redirects.has(status)) {
      throw new BadRedirectError(
        'a redirect to loopback, a private address or a name without a dot',
      )
    }
  }

  return (status, headers, context) => {
    // RFC 9110 section 15: no status, and to be taken for a server's error. Not every host can say it.
    if (status > 599) throw new BadAnswerError('status')
    const out: string[] = []
    const hopByHop = namedByConnection(headers.connection)
    let vary: string | string[] | undefined
    let cacheControl: string | string[] | undefined
    let contentLength: string | undefined
    let buffering: 'yes' | 'no' | undefined
    const contentType = hopByHop?.has('content-type') ? undefined : headers['content-type']
    const isSandboxed = status !== 304 && !isInert(contentType)

    for (const name in headers) {
      const value = headers[name]
      if (value === undefined || hopByHop?.has(name)) continue
      const rule = ruleOf(name)
      if (rule === 'drop' || (status === 304 && describesStored.test(name))) continue
      switch (rule) {
        case 'content-length':
          if (typeof value !== 'string') throw new BadAnswerError(name)
          // RFC 9110 section 8.6: none on a 204. Section 15.3.6: a 205 has no content, whatever it says.
          if (status !== 204 && status !== 205) contentLength = value
          break
        case 'content-security-policy':
          // Only beside ours, which it cannot loosen: by itself it could take the place of ours in a cache.
          if (isSandboxed) push(out, name, value)
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
          if (typeof value !== 'string') throw new BadAnswerError(name)
          pushLocation(out, name, value, status, context.upstreamPath)
          break
        case 'link':
          for (const line of publicLinks(value, (it) => publicAddress(it, context.upstreamPath))) {
            out.push(name, line)
          }
          break
        case 'set-cookie':
          pushCookies(out, value, cookieNames)
          push(out, name, context.apiCookies)
          break
        case 'x-accel-buffering':
          if (value === 'yes' || value === 'no') buffering = value
          break
        case 'x-request-id':
          push(out, 'x-upstream-request-id', value)
          break
        case 'www-authenticate':
          pushChallenges(out, value)
          break
        default:
          push(out, name, value)
      }
    }

    const cached = options.cache === 'private' ? privateCaching(cacheControl) : privateNoStore
    out.push('cache-control', cached, 'vary', mergeVary(vary, varyBy))
    out.push('x-content-type-options', 'nosniff', 'x-request-id', context.requestId)
    if (isSandboxed) out.push('content-security-policy', 'sandbox')
    // Proxies in front of us must not gather what streams (nginx does, P27).
    if (isStreaming(contentType)) out.push('x-accel-buffering', 'no')
    else if (buffering !== undefined) out.push('x-accel-buffering', buffering)
    // Last: Node makes a mess of a `Content-Disposition` that follows upon a length (P23).
    if (status === 205) contentLength = '0'
    if (contentLength !== undefined) out.push('content-length', contentLength)
    if (context.setCookie !== undefined) out.push('set-cookie', context.setCookie)
    if (context.corsHeaders.length > 0) out.push(...context.corsHeaders)
    return out
  }
}

function push(out: string[], name: string, value: string | readonly string[]): void {
  if (typeof value === 'string') out.push(name, value)
  else for (const one of value) out.push(name, one)
}

function mergeVary(vary: string | string[] | undefined, ours: string): string {
  return vary === undefined ? ours : `${String(vary)}, ${ours}`
}

/** The API's own directives, kept to this one browser; without any the answer is not stored. */
function privateCaching(value: string | string[] | undefined): string {
  if (value === undefined) return privateNoStore
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
