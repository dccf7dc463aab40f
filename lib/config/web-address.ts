import { isLoopback, isLoopbackName } from '../http/loopback.ts'
import { accepted, type Parsed, refused } from './parsed.ts'

/** `below-localhost`: also with names that only a browser knows to lead here. */
export type PlainHttp = 'on-loopback' | 'below-localhost' | 'anywhere'

/** An address without credentials, query or fragment: what every configured URL has to be. */
export function parseWebAddress(text: string, plainHttp: PlainHttp): Parsed<URL> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:\/\//i.test(text)) {
    return refused('is not an http(s) URL', 'write it as https://host/path')
  }
  if (url.username || url.password) {
    return refused('holds a user name or password', 'leave out what is before the @')
  }
  if (text.includes('?') || text.includes('#')) {
    return refused('has a query or fragment', 'leave out everything from the ? or # on')
  }
  const isHere = plainHttp === 'on-loopback' ? isLoopback : isLoopbackName
  if (url.protocol === 'http:' && plainHttp !== 'anywhere' && !isHere(url.hostname)) {
    return refused('is plain http', 'use https, or http on localhost, 127.0.0.0/8 or [::1]')
  }
  return accepted(url)
}

/** Scheme, host and port and nothing else, spelled as browsers spell it. */
export function parseOrigin(text: string): Parsed<string> {
  const address = parseWebAddress(text, 'below-localhost')
  if (!address.ok) return address
  if (address.value.pathname !== '/') {
    return refused('has a path', `leave it at ${address.value.origin}`)
  }
  return accepted(address.value.origin)
}
