import { join } from 'node:path'
import type { Config } from '../config/define-config.ts'
import { onVercel, processEnvironment } from '../config/env.ts'
import { ownPathsOf } from '../config/paths.ts'
import { problem } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import { keepRawTargets } from './next-raw-target.ts'
import { handleNextRemote } from './next-remote.ts'
import { secureAllHeads } from './secure-head.ts'
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
      const started = await startEngine(config, join(process.cwd(), '.next'))
      if (started.ok) logStart(started, 'next', started.bff.settings.publicOrigin)
      // Vercel routes by the address itself, and adds to it; it says HSTS by itself, too.
      if (onVercel(processEnvironment())) return started
      keepRawTargets()
      if (started.ok && started.bff.settings.publicOrigin.startsWith('https:')) secureAllHeads()
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
    const id = requestId(request.headers.get('x-request-id') ?? undefined)
    return problem('internal_error', { requestId: id })
  }

  return {
    /** Everything below the endpoints' base path. */
    handleBff: (request: Request, { after }: NextRequestOptions): Promise<Response> =>
      withEngine(request, ({ bff }) => {
        const { pathname, search } = new URL(request.url)
        const background = (task: Promise<unknown>) => after(() => task.then(() => undefined))
        // Next shows no address of the peer: the client's is known where BFF_TRUST_PROXY says who writes it.
        return bff.handle(request, `${pathname}${search}`, { peerAddress: '', background })
      }),

    /** Everything below `/api/remote/`. */
    handleRemote: (request: Request): Promise<Response> =>
      withEngine(request, ({ bff }) => handleNextRemote(bff.remote, request)),

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
        frameOrigins: bff.signInOrigins(),
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
