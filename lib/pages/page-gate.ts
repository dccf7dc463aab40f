import { decodedPath } from '../http/decoded-path.ts'
import { isNavigation, isPrefetch } from '../http/navigation.ts'
import { isOwnPath, pageOfPath } from '../http/own-paths.ts'
import { problem } from '../http/problem.ts'
import { retryAfter } from '../http/retry-after.ts'
import { returnUrlQuery } from '../http/return-url.ts'
import { uncached } from '../http/uncached.ts'
import { barePolicy } from './csp.ts'
import { escapeHtml, htmlPage } from './page.ts'

export type GateSession = 'signed-in' | 'anonymous' | 'unavailable'

/** What the gate looks at. `headers` are the request's. */
export interface GateRequest {
  readonly method: string
  /** As it was received: a framework may read another address in it. */
  readonly pathname: string
  /** With its question mark, or empty. */
  readonly search: string
  readonly headers: Headers
  /** Paths of the endpoints and the remote APIs: nothing below them is a page. */
  readonly ownPaths: readonly string[]
}

export type GateDecision =
  | { readonly kind: 'pass' }
  /** Ask the browser to come again from our own origin, to this path. */
  | { readonly kind: 'come-again'; readonly path: string }
  | { readonly kind: 'login'; readonly path: string }
  | { readonly kind: 'prefetch-refused' }
  | { readonly kind: 'not-signed-in' }
  | { readonly kind: 'unavailable'; readonly page: boolean }

/** In the URL of browsers that do not say where a request comes from, once they have come again. */
const marker = 'bff-gate=1'

/** True for a page at or below one of the prefixes. Compares as a router would: decoded. */
export function isProtected(pathname: string, prefixes: readonly string[]): boolean {
  // A built page is the same by its file's name.
  const path = collapse(decodedPath(pageOfPath(pathname))).replace(/\.html(?:\.(?:br|gz))?$/i, '')
  return prefixes.some((prefix) => {
    const base = prefix.replace(/\/+$/, '')
    return path === base || path.startsWith(`${base}/`)
  })
}

/**
 * What a request for a protected page gets.
 *
 * A SameSite=Strict cookie does not come with a navigation that another site started: a link in a
 * mail, and the way back from the provider. Signing in again there would be wrong and, right after a
 * sign-in, a loop. So such a request is asked once to come again, from our own origin, and only a
 * request that would have carried the cookie is sent to the sign-in. There is no loop: what comes
 * again is `same-origin`, or carries the marker, and both are final.
 *
 * Only a page comes again. Whatever else we serve would believe a request that our own page made, when it
 * was a foreign link that asked for it (P29).
 */
export function decideGate(request: GateRequest, session: GateSession): GateDecision {
  if (session === 'signed-in') return { kind: 'pass' }
  const navigation = asksForPage(request) && !isOwnPath(request.pathname, request.ownPaths)
  if (session === 'unavailable') return { kind: 'unavailable', page: navigation }
  if (isPrefetch(request.headers)) return { kind: 'prefetch-refused' }
  if (!navigation) return { kind: 'not-signed-in' }

  const path = `${collapse(request.pathname)}${withoutMarker(request.search)}`
  const site = request.headers.get('sec-fetch-site')
  const marked = request.search.includes(marker)
  if (site === 'cross-site') return { kind: 'come-again', path }
  if (site === null && !marked) {
    return { kind: 'come-again', path: `${path}${path.includes('?') ? '&' : '?'}${marker}` }
  }
  return { kind: 'login', path }
}

export interface GateAnswerOptions {
  readonly basePath: string
  readonly nonce: string
  readonly requestId: string
  /** The origin that a `Location` is written with. */
  readonly origin: string
}

/** The decision as an answer, which no cache keeps. Undefined: let the request pass. */
export function answerGate(
  decision: GateDecision,
  { basePath, nonce, requestId, origin }: GateAnswerOptions,
): Response | undefined {
  switch (decision.kind) {
    case 'pass':
      return undefined
    case 'come-again':
      return comeAgainPage(decision.path, nonce)
    case 'login':
      return new Response(null, {
        status: 302,
        headers: {
          ...uncached,
          location: `${origin}${basePath}/login${returnUrlQuery(decision.path, origin)}`,
        },
      })
    case 'prefetch-refused':
      return new Response(null, { status: 204, headers: uncached })
    case 'not-signed-in':
      return problem('not_signed_in', { requestId })
    case 'unavailable':
      return decision.page ? unavailablePage() : problem('store_unavailable', { requestId })
  }
}

/** `location.replace` to the very same URL with a fragment would only scroll: leave that URL first. */
function comeAgainPage(path: string, nonce: string): Response {
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">
<title>One moment</title></head>
<body><noscript><p><a id="on" href="${escapeHtml(path)}">Continue</a></p></noscript>
<script nonce="${nonce}" data-on="${escapeHtml(path)}">
const on = new URL(document.currentScript.dataset.on, location.origin).href + location.hash
history.replaceState(null, '', '/?one-moment')
location.replace(on)
</script></body></html>
`
  return htmlPage(body, 200, barePolicy('nobody', nonce))
}

function unavailablePage(): Response {
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Not available right now</title></head>
<body><main><h1>Not available right now</h1>
<p>Your session could not be looked up. You are not signed out. <a href="">Try again</a></p></main></body></html>
`
  return htmlPage(body, 503, { ...barePolicy('nobody'), ...retryAfter })
}

/** A script's fetch cannot follow to a sign-in, so it is told 401. */
function asksForPage({ method, headers }: GateRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && isNavigation(headers)
}

function withoutMarker(search: string): string {
  const rest = search
    .slice(1)
    .split('&')
    .filter((each) => each !== marker && each !== '')
  return rest.length > 0 ? `?${rest.join('&')}` : ''
}

/** `//host/account` in a `Location` or a link would be another host. */
function collapse(path: string): string {
  return path.replace(/^[/\\]+/, '/').replace(/\/{2,}/g, '/')
}
