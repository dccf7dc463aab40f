import type { Paths } from './config/paths.ts'
import type { Endpoints } from './endpoints/create-endpoints.ts'
import type { Endpoint, EndpointRequest } from './endpoints/endpoint.ts'
import { failureCode } from './endpoints/failure-code.ts'
import { refuse } from './endpoints/refusal.ts'
import { createCors } from './http/cors.ts'
import { countBody } from './http/counted-body.ts'
import { passesCsrf } from './http/csrf.ts'
import { clientAddress, type ForwardedTrust } from './http/forwarded.ts'
import { knownMethod } from './http/known-method.ts'
import { type ProblemCode, problem } from './http/problem.ts'
import { requestId as makeRequestId } from './http/request-id.ts'
import { isTraceparent } from './http/trace-context.ts'
import { privateNoStore } from './http/uncached.ts'
import type { TellDone } from './telemetry/done-requests.ts'
import type { Log, SuspiciousRequest } from './telemetry/log.ts'
import type { ServedSpan, Tracing } from './telemetry/tracing.ts'

/** `csrf`: the CSRF rule, and CORS headers for the listed origins. `open`: the endpoint guards itself. */
type Guard = 'csrf' | 'open'

/** One line of the table: what answers a method and path, and what guards it. */
type Route = readonly [
  method: 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'POST',
  path: string,
  guard: Guard,
  handler: Endpoint,
]

/**
 * The product, top to bottom. (`/api/remote/*` has a door of its own: `remote/`.) `HEAD` is answered as `GET`
 * (the host leaves the body out); where that would change something it has a row of its own, which does nothing.
 */
function routeTable(to: Endpoints, { basePath, callbackPath, logoutCallbackPath }: Paths): Route[] {
  return [
    ['GET', `${basePath}/login`, 'open', to.login],
    ['HEAD', `${basePath}/login`, 'open', standStill],
    ['POST', `${basePath}/login`, 'open', to.login],
    ['GET', callbackPath, 'open', to.callback],
    ['HEAD', callbackPath, 'open', standStill],
    ['POST', callbackPath, 'open', to.callback],
    ['GET', `${basePath}/logout`, 'open', to.logout.get],
    ['HEAD', `${basePath}/logout`, 'open', standStill],
    ['POST', `${basePath}/logout`, 'csrf', to.logout.post],
    ['GET', logoutCallbackPath, 'open', to.logoutCallback],
    ['HEAD', logoutCallbackPath, 'open', standStill],
    ['GET', `${basePath}/user`, 'csrf', to.user],
    ['GET', `${basePath}/events`, 'csrf', to.events],
    ['GET', `${basePath}/sessions`, 'csrf', to.sessions.list],
    ['DELETE', `${basePath}/sessions`, 'csrf', to.sessions.endOthers],
    ['DELETE', `${basePath}/sessions/*`, 'csrf', to.sessions.endOne],
    ['GET', `${basePath}/silent-login`, 'open', to.silentLogin],
    ['HEAD', `${basePath}/silent-login`, 'open', standStill],
    ['GET', `${basePath}/silent-login-callback`, 'open', to.silentLoginCallback],
    ['POST', `${basePath}/backchannel`, 'open', to.backchannel.endpoint],
    ['GET', `${basePath}/frontchannel`, 'open', to.frontchannel],
    ['GET', `${basePath}/diagnostics`, 'open', to.diagnostics],
    ['GET', `${basePath}/health/live`, 'open', to.health.live],
    ['OPTIONS', `${basePath}/health/live`, 'open', statusOf(to.health.live)],
    ['GET', `${basePath}/health/ready`, 'open', to.health.ready],
    ['OPTIONS', `${basePath}/health/ready`, 'open', statusOf(to.health.ready)],
  ]
}

const standStill: Endpoint = async () =>
  new Response(null, { headers: { 'cache-control': privateNoStore } })

/** Balancers ask for health by OPTIONS too (HAProxy's default), and look at the status only (A17). */
const statusOf =
  (health: Endpoint): Endpoint =>
  async (incoming) => {
    const { ok, status } = await health(incoming)
    const headers = { allow: 'GET, HEAD, OPTIONS', 'cache-control': privateNoStore }
    return new Response(null, { status: ok ? 204 : status, headers })
  }

export interface RouterDeps {
  readonly endpoints: Endpoints
  readonly paths: Paths
  readonly publicOrigin: string
  readonly origins: readonly string[]
  readonly loginHref: string
  /** Start page of the app: `/`. */
  readonly home: string
  /** Path of a page of the app, for sign-ins and sign-outs that failed. */
  readonly errorPage: string | undefined
  /** Whose `X-Forwarded-For` is believed. */
  readonly trusts: ForwardedTrust
  /** `Set-Cookie` values that heal a jar with cookies that are of no use any more (S12). */
  readonly expireStaleCookies: (cookieHeader: string | undefined) => string[]
  readonly log: Log
  /** Is told of every request when its answer is over. @default nobody is */
  readonly onDone?: TellDone | undefined
  /** Whether anybody wants to know how long answers are. @default false */
  readonly countBodies?: boolean
  /** @default nobody traces */
  readonly tracing?: Tracing
  /** The handle of the session of a cookie header; left out where nobody wants to know. */
  readonly handleOf?: ((cookies: string) => Promise<string | undefined>) | undefined
}

export interface RequestInfo {
  /** Of whoever holds the other end of the connection; empty where the host does not know. */
  readonly peerAddress: string
  /** Takes work that may outlive the answer. */
  readonly background: (task: Promise<unknown>) => void
}

/** Answers every request below the endpoints' paths, whatever goes wrong; never rejects. */
export function createRouter(deps: RouterDeps) {
  const byPath = new Map<string, Map<string, Route>>()
  for (const route of routeTable(deps.endpoints, deps.paths)) {
    const methods = byPath.get(route[1]) ?? new Map<string, Route>()
    byPath.set(route[1], methods.set(route[0], route))
    if (route[0] === 'GET') methods.set('HEAD', route)
  }

  const cors = createCors(deps.origins)

  async function answer(incoming: EndpointRequest): Promise<Response> {
    const { request, url, requestId } = incoming
    const methods = byPath.get(nameIn(byPath, url.pathname) ?? '')
    if (!methods) return problem('not_found', { requestId })
    const origin = request.headers.get('origin') ?? undefined
    const listed = cors.listed(origin)
    const requested = request.headers.get('access-control-request-method')
    const guarded = [...methods].filter(([, route]) => route[2] === 'csrf')
    if (request.method === 'OPTIONS' && listed && requested !== null && guarded.length > 0) {
      const names = request.headers.get('access-control-request-headers') ?? undefined
      const allowed = guarded.map(([method]) => method).join(', ')
      const headers = cors.preflightHeaders(listed, allowed, names)
      return withHeaders(new Response(null, { status: 204 }), headers)
    }
    const route = methods.get(request.method)
    if (!route) {
      const allow = [...methods.keys()].join(', ')
      return refuse(incoming, 'method_not_allowed', { loginHref: deps.loginHref, allow })
    }
    const [, , guard, handler] = route
    if (guard === 'open') return handler(incoming)
    const passes = passesCsrf(csrfHeaders(request.headers), deps)
    if (!passes) incoming.refused('csrf_check_failed')
    const response = passes
      ? await handler(incoming).catch((error: unknown) => failure(incoming, error))
      : problem('csrf_check_failed', { requestId })
    if (deps.origins.length > 0) response.headers.set('vary', 'Cookie, Origin')
    return listed ? withHeaders(response, cors.answerHeaders(listed)) : response
  }

  function failure(incoming: EndpointRequest, cause: unknown): Response {
    const code = failureCode(cause)
    const { requestId, url } = incoming
    deps.log.event('request.failed', { requestId, code, route: routeName(url), cause })
    // A sign-in that could not begin begins again as it was asked for (L18).
    const again = url.pathname === deps.loginHref ? `${url.pathname}${url.search}` : deps.loginHref
    return refuse(incoming, code, { loginHref: again })
  }

  /** The path if it is one of the table; whatever a client invents does not reach the log. */
  function routeName(url: URL): string {
    return nameIn(byPath, url.pathname) ?? 'unknown'
  }

  /** What the access log says of the session: as much as is known when the request is over. It waits for nothing. */
  function lookUp(cookies: string | undefined): { handle?: string | undefined } {
    const found: { handle?: string | undefined } = {}
    const ignore = () => undefined
    if (cookies === undefined) return found
    deps.handleOf?.(cookies).then((handle) => {
      found.handle = handle
    }, ignore)
    return found
  }

  /** Who asked, and how to tell the log of it. */
  function witness({ headers }: Request, url: URL, requestId: string, info: RequestInfo) {
    const forwardedFor = headers.get('x-forwarded-for') ?? undefined
    const client = clientAddress(info.peerAddress, forwardedFor, deps.trusts) || undefined
    const fields = { requestId, route: routeName(url), client }
    return {
      client,
      refused: (code: ProblemCode) => deps.log.event('request.refused', { ...fields, code }),
      suspicious: (what: SuspiciousRequest) =>
        deps.log.event('request.suspicious', { ...fields, what }),
    }
  }

  return {
    /** Whether a path belongs to the endpoints. */
    handles: (path: string): boolean => nameIn(byPath, path) !== undefined,
    /** `target` is the path and query of the request; its host comes from the settings, never from it. */
    async handle(request: Request, target: string, info: RequestInfo): Promise<Response> {
      const startedAt = performance.now()
      const requestId = makeRequestId(request.headers.get('x-request-id') ?? undefined)
      const url = URL.parse(`${deps.publicOrigin}${target}`)
      if (!url || url.origin !== deps.publicOrigin) return problem('bad_request', { requestId })
      const cookies = request.headers.get('cookie') ?? undefined
      const { background } = info
      const seen = witness(request, url, requestId, info)
      const session = lookUp(cookies)
      const { errorPage, home } = deps
      const incoming = { request, url, cookies, requestId, home, errorPage, background, ...seen }
      const route = routeName(url)
      const span = deps.tracing?.isOn ? beginSpan(deps.tracing, request, route) : undefined
      const answered = () => answer(incoming).catch((error: unknown) => failure(incoming, error))
      const response = await (span ? span.run(answered) : answered())
      span?.end(response.status)
      response.headers.set('x-request-id', requestId)
      // What does not fit is expired by the next answer (L27).
      let room = longestHead - headBytes(response.headers)
      for (const expired of deps.expireStaleCookies(cookies)) {
        room -= 'set-cookie: \r\n'.length + expired.length
        if (room > 0) response.headers.append('set-cookie', expired)
      }
      const { method, headers } = request
      const { status } = response
      const bytesIn = Number(headers.get('content-length') ?? 0) || 0
      const over = (bytesOut: number) => {
        const who = { client: seen.client, sessionHandle: session.handle }
        const sizes = { bytesIn, bytesOut }
        deps.onDone?.({ requestId, route, method, status, startedAt, ...sizes, who })
      }
      if (deps.countBodies && method !== 'HEAD') return countBody(response, over)
      over(0)
      return response
    },
  }
}

/** Named after the last segment, which is the endpoint's name. */
function beginSpan(tracing: Tracing, { method, headers }: Request, route: string): ServedSpan {
  const traceparent = headers.get('traceparent') ?? undefined
  const tracestate = headers.get('tracestate') ?? undefined
  const name = route.slice(route.lastIndexOf('/') + 1)
  return tracing.serve({
    ...{ name: signIns.has(name) ? `sign-in ${name}` : `bff ${name}` },
    ...{ method: knownMethod(method), route },
    parent: isTraceparent(traceparent) ? { traceparent, tracestate } : undefined,
  })
}

const signIns = new Set(['login', 'callback', 'silent-login'])

/** nginx has 4,096 bytes for a head unless told otherwise; the host adds a few of its own. */
const longestHead = 3600

function headBytes(headers: Headers): number {
  return [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
}

/** The name of a path in the table: `*` stands for its last segment, whatever it is. */
function nameIn(table: ReadonlyMap<string, unknown>, path: string): string | undefined {
  const plain = endpointPath(path)
  if (table.has(plain)) return plain
  const pattern = `${plain.slice(0, plain.lastIndexOf('/'))}/*`
  return table.has(pattern) ? pattern : undefined
}

/** Some providers (Azure AD B2C) and people put one slash behind an address; it is the same address. */
function endpointPath(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** Sets headers that stand in a flat list. */
function withHeaders(response: Response, headers: readonly string[]): Response {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    response.headers.set(headers[i] ?? '', headers[i + 1] ?? '')
  }
  return response
}

function csrfHeaders(headers: Headers) {
  return {
    origin: headers.get('origin') ?? undefined,
    fetchSite: headers.get('sec-fetch-site') ?? undefined,
    xCsrf: headers.get('x-csrf') ?? undefined,
  }
}
