import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Bff } from '../bff.ts'
import type { Config } from '../config/define-config.ts'
import { onVercel, processEnvironment } from '../config/env.ts'
import { ownPathsOf } from '../config/paths.ts'
import { given } from '../http/given.ts'
import type { KeyValue } from '../store/key-value.ts'
import { createDoors } from './doors.ts'
import { createFrontDoor } from './front-door.ts'
import { localSession } from './local-session.ts'
import { keepAnswerHeads, tellHead } from './next-answer-head.ts'
import { drainBeforeClose } from './next-drain.ts'
import { keepRawTargets, rawRequestOf, refusalIn } from './next-raw-target.ts'
import { answerNextUpgrades, tendNextServers } from './next-server.ts'
import { createQueuedAnswers } from './queued-answers.ts'
import { onClientError, refuseTunnels } from './refuse.ts'
import { secureAllHeads, secureHeaders } from './secure-head.ts'
import { type Engine, logStart, sharedEngine, startEngine } from './start-engine.ts'
import { createWebDoor, refused } from './web-door.ts'
import { createWebLocal, type WebHandler } from './web-local.ts'

/** Next's `after`: runs a task once the answer is sent, and keeps a serverless function alive for it. */
export interface NextRequestOptions {
  after(task: () => Promise<void> | void): void
}

/**
 * The engine inside Next. Its bundles hold a copy of this module each (routes, middleware,
 * instrumentation), and all of them share the one engine of the process.
 */
export function createNextHost(config: Config, { store }: { readonly store?: KeyValue } = {}) {
  const opened = new WeakMap<Engine, ReturnType<typeof doorsOf>>()
  const start = () =>
    sharedEngine(async () => {
      const build = join(process.cwd(), '.next')
      const started = await startEngine(config, { host: 'next', build, ...given({ store }) })
      if (!started.ok) return started
      const { bff } = started
      logStart(started, 'next', bff.settings.publicOrigin)
      // Vercel routes by the address itself, and adds to it; it says HSTS by itself, too.
      if (onVercel(processEnvironment())) return started
      const frontDoors = createDoors(bff.frontends, createFrontDoor)
      const doorOf = ({ rawHeaders, url }: IncomingMessage) => frontDoors.of(rawHeaders, url)
      keepRawTargets(doorOf)
      keepAnswerHeads((request) => {
        const door = doorOf(request)
        return typeof door !== 'string' && door.isRemote(request.url ?? '/')
      })
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
        answerNextUpgrades(server, {
          ...{ more, development },
          doorOf(request) {
            const frontDoor = doorOf(request)
            return typeof frontDoor === 'string'
              ? frontDoor
              : { frontDoor, handlerOf: () => undefined }
          },
        })
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

  function doors(started: Engine) {
    const its = opened.get(started) ?? doorsOf(started)
    opened.set(started, its)
    return its
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
    /** Endpoints and remote APIs. */
    handle: (request: Request, { after }: NextRequestOptions): Promise<Response> =>
      withEngine(request, async (started) => {
        const refusal = refusalIn(request.headers)
        if (refusal) return refused(request, refusal)
        // On the Node host what is ours never enters Next: whatever Next took for ours there was written as another
        // address, past the rules of whoever stands in front (P19).
        const { pathname } = new URL(request.url)
        const isOurs = isOwn(frontendOf(started, request, pathname), pathname)
        if (started.host === 'node' && isOurs) return refused(request, 'bad_path')
        const received = rawRequestOf(request.headers)
        return doors(started).door.fetch(request, {
          ...given({ received }),
          onHead: tellHead,
          waitUntil: (task) => after(() => task.then(() => undefined)),
        })
      }),

    /** An API of the app's own, behind the guards of a remote one. */
    route:
      <Context extends unknown[]>(handler: WebHandler<Context>) =>
      async (request: Request, ...context: Context): Promise<Response> => {
        const started = await start()
        if (!started.ok) return refused(request, 'internal_error')
        return doors(started).local.route(handler, request, context)
      },

    /** Who is signed in. Only reads. */
    async session(headers: Headers, name: string | undefined) {
      const started = await engine()
      if (name === undefined) return doors(started).local.session({ headers })
      const bff = started.bff.frontends.named(name)
      if (!bff) throw new Error(`there is no frontend ${name}`)
      const known = await bff.readSession(headers.get('cookie') ?? undefined, 'peek')
      return known && localSession(bff, known)
    },

    /** For the gate in front of pages. `unavailable` is not anonymous: nobody is sent to sign in for it. */
    async peekSession(request: Pick<Request, 'headers'>, pathname: string) {
      try {
        const bff = frontendOf(await engine(), request, pathname)
        return await bff.peekSession(request.headers.get('cookie') ?? undefined)
      } catch {
        return 'unavailable'
      }
    },

    /** What the middleware needs to know of the settings, when it is asked about a page. */
    async pageSettings(request: Pick<Request, 'headers'>, pathname: string) {
      const started = await engine()
      const bff = frontendOf(started, request, pathname)
      const { settings } = bff
      started.gate.saw(pathname)
      return {
        /** An endpoint's or a remote API's, as it is written. */
        isOurs: isOwn(bff, pathname),
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

/** Whose a request is; what is nobody's was refused, or is looked at as one of the top level. */
function frontendOf({ bff }: Engine, { headers }: Pick<Request, 'headers'>, pathname: string): Bff {
  const found = bff.frontends.of([...headers].flat(), pathname)
  return typeof found === 'string' ? bff.frontends.top() : found
}

function isOwn({ handlesPath, remote }: Bff, pathname: string): boolean {
  return handlesPath(pathname) || remote.handles(pathname)
}

function doorsOf(started: Engine) {
  return { door: createWebDoor(started), local: createWebLocal(started) }
}
