import { isLoopback } from '../http/loopback.ts'
import { isReachable, plainHost } from './reachable.ts'

/** Where a remote lies on both sides. */
export interface RemotePlace {
  /** Of the target, for example `https://api.example.com`. */
  readonly origin: string
  /** Path of the target without a trailing slash: `/orders`, or `''`. */
  readonly prefix: string
  /** Path of the remote on our own origin: `/api/remote/orders`. */
  readonly publicPrefix: string
  /** Our own origin as the browser sees it. */
  readonly publicOrigin: string
}

/**
 * An address in an API's answer, for the browser; undefined where no browser gets to it. `requestPath` is the
 * path on the target, against which a relative one is read.
 */
export type PublicAddress = (address: string, requestPath: string) => string | undefined

/**
 * Makes the function that leads an API's addresses to where the browser can go (P8, P25). An API may know of
 * us what it was told by `X-Forwarded-*`, or a part of it, or nothing: it names its own host under either
 * scheme, or ours, with our path before its own or without.
 */
export function createPublicAddress(place: RemotePlace): PublicAddress {
  const target = new URL(place.origin)
  const own = new URL(place.publicOrigin)
  const isLocal = isLoopback(own.hostname)

  return (address, requestPath) => {
    // A header's value is bytes, and so are a URL's escapes.
    const text = address.replace(/[\x80-\xff]/g, escapeByte)
    // A request path may begin with two slashes only behind a prefix, so it cannot name a host here.
    const base = place.origin + requestPath
    // What is no URL leads nowhere, as it came.
    if (!URL.canParse(text, base)) return address
    const url = new URL(text, base)
    const isWeb = /^https?:$/.test(url.protocol)
    const isPlain = isWeb && url.username === '' && url.password === ''
    const isOurs = isPlain && isNamed(url, own) && isPort(url, own)
    // An API that knows its name and not where it listens writes no port at all.
    const isTargets = isPlain && isNamed(url, target) && (url.port === '' || isPort(url, target))
    const known = isTargets || isOurs ? pathBelow(place.publicPrefix, url.pathname) : undefined
    if (known !== undefined) {
      // Some put our path before the whole of theirs, the target's included.
      const rest = place.prefix === '' ? known : (pathBelow(place.prefix, known) ?? known)
      if (url.origin === own.origin && rest === known) return url.href
      return place.publicPrefix + rest + url.search + url.hash
    }
    const rest = isTargets ? pathBelow(place.prefix, url.pathname) : undefined
    if (rest !== undefined) return place.publicPrefix + rest + url.search + url.hash
    return isOurs || isLocal || !isWeb || isReachable(url.hostname) ? url.href : undefined
  }
}

/** The rest of a path at or below another: `''`, or from its `/` on. */
export function pathBelow(prefix: string, path: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined
  const rest = path.slice(prefix.length)
  return rest === '' || rest.startsWith('/') ? rest : undefined
}

/** The same name, in whatever spelling. */
function isNamed(url: URL, { hostname }: URL): boolean {
  return plainHost(url.hostname) === plainHost(hostname)
}

/** A port that is not written is the scheme's, and either scheme will do. */
function isPort(url: URL, other: URL): boolean {
  return url.port === other.port || portOf(url) === portOf(other)
}

function portOf({ port, protocol }: URL): string {
  return port !== '' ? port : protocol === 'https:' ? '443' : '80'
}

function escapeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase()}`
}
