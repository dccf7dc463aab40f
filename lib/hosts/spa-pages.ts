import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Bff } from '../bff.ts'
import { ownPathsOf } from '../config/paths.ts'
import type { Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'
import { given } from '../http/given.ts'
import { createOutgoing } from '../http/outgoing.ts'
import { isOwnPath } from '../http/own-paths.ts'
import { requestId } from '../http/request-id.ts'
import { retryAfter } from '../http/retry-after.ts'
import { createNonce, plainPageHeaders } from '../pages/csp.ts'
import { errorPage } from '../pages/page.ts'
import { answerGate, decideGate, isProtected } from '../pages/page-gate.ts'
import { cookieNames } from '../session/cookie-names.ts'
import type { Log } from '../telemetry/log.ts'
import { sendResponse } from './node-web.ts'
import { refuse } from './refuse.ts'
import type { UpgradeHandler } from './upgrades.ts'

/** Answers what is no endpoint and no remote API: the pages. Next's request handler is one. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => unknown

/** What answers all that is not ours. */
export interface SpaPages {
  readonly pages: PageHandler
  readonly pageUpgrade?: UpgradeHandler
  /** Cuts what would keep the process from ending. */
  close(): void
}

/** What is wrong with the place that the app should come from. */
export function spaProblem({ spa }: Pick<Settings, 'spa'>): Problem | undefined {
  if (spa.dir === undefined || spa.devServer !== undefined) return undefined
  if (existsSync(join(spa.dir, 'index.html'))) return undefined
  const isThere = existsSync(spa.dir)
  return {
    setting: 'spa.dir',
    problem: isThere
      ? `is ${spa.dir}, which has no index.html`
      : `is ${spa.dir}, which is not there`,
    fix: 'build the app first, and name the folder that its build writes (Vite: dist)',
  }
}

type SpaDeps = Pick<Bff, 'settings' | 'peekSession' | 'providerOrigins'>

/** The single-page app of the settings; undefined when they name none. What serves it is loaded where there is one. */
export async function spaPages(bff: SpaDeps, log: Log): Promise<SpaPages | undefined> {
  const { spa, publicOrigin, session, basePath, root } = bff.settings
  const https = publicOrigin.startsWith('https:')
  if (spa.devServer !== undefined) {
    const ownCookies = cookieNames(session.cookieName, https).ticket
    const { createDevServer } = await import('../spa/dev-server.ts')
    const server = createDevServer({
      origin: spa.devServer,
      ownCookies,
      pageHeaders: () => ({ ...plainPageHeaders({ https }), ...policyHeader(developing) }),
    })
    return {
      pages: (request, response) => server.pages(request, response),
      pageUpgrade: server.upgrade,
      close: server.close,
    }
  }
  const answer = await answerOf(bff, https, log)
  if (!answer) return undefined
  // Below them everything is ours; at the root of the origin the endpoints' own names are, and no page's request.
  const remotes = Object.values(bff.settings.remotes).map(({ path }) => path)
  const ours = [basePath, bff.settings.remotePrefix, ...remotes].filter((path) => path !== root)
  return {
    async pages(request, response) {
      const { pathname, search } = new URL(request.url ?? '/', publicOrigin)
      // What the page names by a relative address lies below the app's path.
      if (root !== '' && pathname === root) {
        const location = `${root}/${search}`
        return response.writeHead(308, { location, 'cache-control': 'no-cache' }).end()
      }
      if (isOwnPath(pathname, ours))
        return refuse(response, 'not_found', request.headers['x-request-id'])
      if (await answeredByGate(bff, request, response)) return
      const unanswered = await answer(request, response)
      if (unanswered === 'unavailable') await sendResponse(awayPage(pathname), request, response)
      else if (unanswered) refuse(response, unanswered, request.headers['x-request-id'])
    },
    close: () => {},
  }
}

/** The app from where the settings say it lies. */
async function answerOf({ settings, providerOrigins }: SpaDeps, https: boolean, log: Log) {
  const { spa, outgoing, root } = settings
  if (spa.dir === undefined && spa.index === undefined) return undefined
  const { staticPolicy } = await import('../spa/static-policy.ts')
  const headersWith =
    (cdn?: string) =>
    (scripts: readonly string[]): Record<string, string> => ({
      ...plainPageHeaders({ https }),
      ...policyHeader(
        staticPolicy({
          ...{ csp: spa.csp, scripts, https, providerOrigins: providerOrigins() },
          ...given({ cdn }),
        }),
      ),
    })
  if (spa.dir !== undefined) {
    const { createBuiltApp } = await import('../spa/built-app.ts')
    return createBuiltApp({ dir: spa.dir, root, headersOf: headersWith() })
  }
  if (spa.index === undefined) return undefined
  const { createRemoteIndex } = await import('../spa/remote-index.ts')
  const index = createRemoteIndex({
    url: spa.index,
    fetch: createOutgoing(outgoing).fetch(),
    now: Date.now,
    onFailed: (cause) => log.event('unexpected.error', { where: 'spa.index', cause }),
  })
  const { createCdnApp } = await import('../spa/cdn-app.ts')
  return createCdnApp({ index, root, headersOf: headersWith(new URL(spa.index).origin) })
}

function awayPage(path: string): Response {
  const title = 'The app is not available right now.'
  const wayOn = { text: 'Try again', href: path, headers: retryAfter }
  return errorPage({ status: 503, title, requestId: requestId(undefined), ...wayOn })
}

/** What development servers put into a page as they go has to run. */
const developing = "frame-ancestors 'none'; object-src 'none'; base-uri 'self'"

function policyHeader(policy: string | undefined): Record<string, string> {
  return policy === undefined ? {} : { 'content-security-policy': policy }
}

/** Pages of `spa.protectedPages`, as the middleware of the Next host guards them. */
async function answeredByGate(
  { settings, peekSession }: Pick<Bff, 'settings' | 'peekSession'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { spa, basePath, publicOrigin } = settings
  const { pathname, search } = new URL(request.url ?? '/', publicOrigin)
  if (!isProtected(pathname, spa.protectedPages)) return false
  const { method = 'GET' } = request
  const headers = new Headers(
    Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  )
  const found = await peekSession(request.headers.cookie).catch(() => 'unavailable' as const)
  const asked = { method, pathname, search, headers, ownPaths: ownPathsOf(settings) }
  const answer = answerGate(decideGate(asked, found), {
    basePath,
    nonce: createNonce(),
    origin: publicOrigin,
    requestId: requestId(headers.get('x-request-id') ?? undefined),
  })
  if (!answer) return false
  await sendResponse(answer, request, response)
  return true
}
