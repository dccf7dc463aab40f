import { join } from 'node:path'
import type { Config } from '../config/define-config.ts'
import { onVercel, processEnvironment } from '../config/env.ts'
import { ownPathsOf } from '../config/paths.ts'
import { createFrontDoor, type Refusal } from './front-door.ts'
import { keepAnswerHeads, tellHead } from './next-answer-head.ts'
import { drainBeforeClose } from './next-drain.ts'
import { keepRawTargets, rawRequestOf, refusalIn } from './next-raw-target.ts'
import { handleNextRemote } from './next-remote.ts'
import { answerNextUpgrades, tendNextServers } from './next-server.ts'
import { createQueuedAnswers } from './queued-answers.ts'
import { onClientError, refusalParts, refuseTunnels } from './refuse.ts'
import { secureAllHeads, secureHeaders } from './secure-head.ts'
import { type Engine, logStart, sharedEngine, startEngine } from './start-engine.ts'

/** Next's `after`: runs a task once the answer is sent, and keeps a serverless function alive for it. */
export interface NextRequestOptions {
  after(task: () => Promise<void> | void): void
}

/**
 * The engine inside Next. Its bundles hold a copy of this module each (routes, middleware,
 * instrumentation), and all of them share the one engine of the process.
 */
export function createNextHost(config: Config) {
  const start = () =>
    sharedEngine(async () => {
      const build = join(process.cwd(), '.next')
      const started = await startEngine(config, { host: 'next', build })
      if (!started.ok) return started
      const { bff } = started
      logStart(started, 'next', bff.settings.publicOrigin)
      // Vercel routes by the address itself, and adds to it; it says HSTS by itself, too.
      if (onVercel(processEnvironment())) return started
      const frontDoor = createFrontDoor(bff)
      keepRawTargets(frontDoor)
      keepAnswerHeads(frontDoor)
      const { mode, drainMs, publicOrigin } = bff.settings
      const https = publicOrigin.startsWith('https:')
      const more = https ? secureHeaders : {}
      const development = mode === 'development'
      const queuedAnswers = createQueuedAnswers()
      tendNextServers((server, first) => {
        server.prependListener('request', queuedAnswers.add)
        refuseTunnels(server, more)
        server.on('clientError', (error, socket) => {
          onClientError(error, socket, { more, expireStaleCookies: bff.expireStaleCookies })
        })
        answerNextUpgrades(server, { frontDoor, more, development })
        // In development Next ends at once, and cuts everything.
        if (!development) drainBeforeClose(server, first, { bff, drainMs })
      })
      if (https) secureAllHeads()
      return started
    })

  async function engine(): Promise<Engine> {
    const started = await start()
    if (!started.ok) throw new Error(started.report)
    return started
  }

  async function withEngine(
    request: Request,
    answer: (engine: Engine) => Promise<Response>,
  ): Promise<Response> {
    const started = await start()
    if (started.ok) return answer(started)
    // Refuses to serve; what is wrong was printed at the start, and is not for the browser.
    return refused(request, 'internal_error')
  }

  return {
    /** Everything below the endpoints' base path. */
    handleBff: (request: Request, { after }: NextRequestOptions): Promise<Response> =>
      withEngine(request, async ({ bff, host }) => {
        const { pathname, search } = new URL(request.url)
        const refusal = refusalIn(request.headers)
        if (refusal) return refused(request, refusal)
        if (host === 'node' && bff.handlesPath(pathname)) return refused(request, 'bad_path')
        const background = (task: Promise<unknown>) => after(() => task.then(() => undefined))
        // Next shows no address of the peer: the client's is known where BFF_TRUST_PROXY says who writes it.
        const method = rawRequestOf(request.headers)?.method ?? request.method
        const { url, headers } = request
        // Only of one that no endpoint takes, so no body is lost.
        const asked = method === request.method ? request : new Request(url, { method, headers })
        const target = `${pathname}${search}`
        const response = await bff.handle(asked, target, { peerAddress: '', background })
        tellHead(response)
        return response
      }),

    /** Every call to a remote API, wherever it lies for the browser. */
    handleRemote: (request: Request): Promise<Response> =>
      withEngine(request, async ({ bff, host }) => {
        if (host === 'node') return refused(request, 'bad_path')
        return handleNextRemote(bff.remote, request)
      }),

    /** For the gate in front of pages. `unavailable` is not anonymous: nobody is sent to sign in for it. */
    async peekSession(cookieHeader: string | null) {
      try {
        return await (await engine()).bff.peekSession(cookieHeader ?? undefined)
      } catch {
        return 'unavailable'
      }
    },

    /** What the middleware needs to know of the settings, when it is asked about a page. */
    async pageSettings(pathname: string) {
      const { bff, gate } = await engine()
      const { settings } = bff
      gate.saw(pathname)
      return {
        protectedPages: settings.spa.protectedPages,
        ownPaths: ownPathsOf(settings),
        basePath: settings.basePath,
        // Next knows where it listens, not where browsers see it.
        origin: settings.publicOrigin,
        https: settings.publicOrigin.startsWith('https:'),
        providerOrigins: bff.providerOrigins(),
        development: settings.mode === 'development',
      }
    },

    /** Prints every problem of the configuration and ends the process when there is one (A1). */
    async checkSettingsAtBoot(): Promise<void> {
      const started = await start()
      if (started.ok) return
      process.stderr.write(`${started.report}\n`)
      process.exit(1)
    },
  }
}

/**
 * On the Node host what is ours never enters Next: whatever Next took for ours there was written as
 * another address, past the rules of whoever stands in front (P19).
 */
function refused({ headers: asked }: Request, refusal: Refusal): Response {
  const { status, headers, body } = refusalParts(refusal, asked.get('x-request-id') ?? undefined)
  return new Response(body, { status, headers })
}
