import { accepted, type Parsed, refused } from './parsed.ts'

// RFC 9110 section 5.6.2: token.
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// RFC 9110 section 5.5 without obs-text.
const fieldValue = /^[\t\x20-\x7e]*$/

/** Headers that the proxy itself sets, or that belong to one connection (RFC 9110 section 7.6.1). */
const owned = new Set([
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'dpop',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-csrf',
  'x-request-id',
])

/** Lower-case name of a header that a configuration may add or remove. */
export function parseHeaderName(name: string): Parsed<string> {
  const lower = name.toLowerCase()
  if (!token.test(lower)) return refused('is not a valid header name', 'use letters, digits and -')
  if (owned.has(lower) || lower.startsWith('x-forwarded-')) {
    return refused('is a header that the proxy looks after', 'take it out')
  }
  return accepted(lower)
}

export function parseHeaderValue(value: string): Parsed<string> {
  return fieldValue.test(value) && value.trim() === value
    ? accepted(value)
    : refused('is not a valid header value', 'use visible ASCII, without spaces at the ends')
}

export function isToken(text: string): boolean {
  return token.test(text)
}
