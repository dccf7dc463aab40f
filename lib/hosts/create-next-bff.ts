import { headers } from 'next/headers.js'
import { after, type NextRequest } from 'next/server.js'
import type { Config } from '../config/define-config.ts'
import type { KeyValue } from '../store/key-value.ts'
import type { LocalSession } from './local-session.ts'
import { createNextHost } from './next.ts'
import { nextConfigWith } from './next-config.ts'
import { createNextMiddleware, type MiddlewareOptions } from './next-middleware.ts'
import type { WebHandler } from './web-local.ts'

export type { LocalSession } from './local-session.ts'
export { nextConfigWith as nextConfig } from './next-config.ts'
export type { MiddlewareOptions } from './next-middleware.ts'
export type { WebHandler } from './web-local.ts'

type RouteHandler = (request: Request) => Promise<Response>

/** The methods that a `route.ts` exports. */
export type RouteHandlers = Readonly<
  Record<'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS', RouteHandler>
>

export interface NextBffOptions {
  /** One of your own, in place of the one that the settings name. */
  readonly store?: KeyValue
}

/** Cloakroom in a Next.js app. Each of its bundles may call this: one engine a process. */
export interface NextBff {
  /** For `app/bff/[...path]/route.ts`. */
  readonly endpoints: RouteHandlers
  /** For `app/api/remote/[...path]/route.ts`. */
  readonly remotes: RouteHandlers
  /**
   * For `instrumentation.ts`: starts the engine with the server, and ends the process with every problem of the
   * configuration told when there is one.
   */
  register(): Promise<void>
  /**
   * For `proxy.ts` or `middleware.ts` (`runtime: 'nodejs'`): the gate's answer for a protected page, which is to be
   * returned, or `NextResponse.next()` with the security headers of pages, to which more may be added.
   */
  middleware(request: NextRequest, options?: MiddlewareOptions): Promise<Response>
  /** Puts the guards of a remote API in front of a route handler: 403, 401, 503, `no-store`. Extends the session. */
  route<Context extends unknown[]>(
    handler: WebHandler<Context>,
  ): (request: Request, ...context: Context) => Promise<Response>
  /**
   * Who is signed in, in Server Components, actions and route handlers; undefined for nobody. Only reads. `frontend`:
   * name of one that lives at a path, which Next does not tell here.
   */
  session(of?: { readonly frontend?: string }): Promise<LocalSession | undefined>
  /** Adds to `next.config` what Cloakroom needs of it. Takes an object, or a function that makes one. */
  nextConfig<Given extends object>(config?: Given): Given
}

export function createNextBff(config: Config, options: NextBffOptions = {}): NextBff {
  const host = createNextHost(config, options)
  const handle: RouteHandler = (request) => host.handle(request, { after })
  const handlers: RouteHandlers = {
    GET: handle,
    HEAD: handle,
    POST: handle,
    PUT: handle,
    PATCH: handle,
    DELETE: handle,
    OPTIONS: handle,
  }
  return {
    endpoints: handlers,
    remotes: handlers,
    register: () => host.checkSettingsAtBoot(),
    middleware: createNextMiddleware(host),
    route: host.route,
    session: async ({ frontend } = {}) => host.session(await headers(), frontend),
    nextConfig: <Given extends object>(given?: Given) => nextConfigWith(given ?? ({} as Given)),
  }
}
