import type { Bff } from '../bff.ts'
import type { Config } from '../config/define-config.ts'
import type { Settings } from '../config/settings.ts'
import type { WholeBff } from '../frontends/create-bff.ts'
import type { Log } from '../telemetry/log.ts'
import type { LocalSession } from './local-session.ts'
import { ownTargets } from './own-targets.ts'
import { endQueuedAnswers } from './queued-answers.ts'
import type { Reload, ReloadResult } from './reload.ts'
import { createWebDoor, type WebInfo } from './web-door.ts'
import { type AskedByWeb, createWebLocal, type WebHandler } from './web-local.ts'

/** Cloakroom in a framework that speaks `Request` and `Response`: Hono, SvelteKit, React Router. */
export interface WebBff {
  /**
   * Starts the engine, as the first request does otherwise. To be called where the app starts: rejects with an Error
   * that lists every problem of the configuration.
   */
  ready(): Promise<void>
  /**
   * Answers the endpoints and the remote APIs; 404 for what `handles` says no to. Streams both ways. Rejects only when
   * the configuration is wrong.
   */
  fetch(request: Request, info?: WebInfo): Promise<Response>
  /**
   * Whether an address, or a path, is ours: an endpoint's, or a remote API's.
   * @throws Error that lists every problem of the configuration
   */
  handles(url: string | URL): boolean
  /**
   * Who is signed in, or undefined. Only reads: it extends nothing, and checks no CSRF rule, so nothing may be changed
   * by it alone. Rejects with StoreUnavailableError.
   */
  session(request: AskedByWeb): Promise<LocalSession | undefined>
  /**
   * Puts the guards of a remote API in front of a handler of one's own: the CSRF rule (403), a session (401), a store
   * that answers (503), and `Cache-Control: no-store` on what it says. Extends the session.
   */
  route<Context extends unknown[]>(
    handler: WebHandler<Context>,
  ): (request: Request, ...context: Context) => Promise<Response>
  /** The engine: tokens and sessions for server code outside of requests. */
  bff(): Promise<WholeBff>
  /** The same, of one frontend; undefined when there is none of this name. */
  frontend(name: string): Promise<Bff | undefined>
  /**
   * Reads the configuration once more, while calls go on: the given one, else `BFF_CONFIG_FILE` as it stands now.
   * Frontends come, go and change, and what is wrong changes nothing: `report` says what it was.
   */
  reload(config?: Config): Promise<ReloadResult>
  /**
   * `ready` says no; resolves when the calls in flight have ended, `graceMs` (30 s) at most, and the store is closed.
   * Stop listening first.
   */
  close(graceMs?: number): Promise<void>
}

interface Started {
  readonly bff: WholeBff
  readonly log: Log
  readonly reload: Reload
}

/** The doors of an engine that starts when it is needed. */
export function webBffOf(engine: () => Promise<Started>, settings: () => Settings): WebBff {
  let inFlight = 0
  /** Counted until there is an answer; what streams then is the framework's. */
  async function counted(answer: () => Promise<Response>): Promise<Response> {
    inFlight += 1
    try {
      return await answer()
    } finally {
      inFlight -= 1
    }
  }
  let isOurs: ((host: string | undefined, path: string) => boolean) | undefined
  let opened: Promise<ReturnType<typeof open>> | undefined
  const doors = () => {
    opened ??= engine().then(open)
    // What was put right may be tried again.
    opened.catch(() => {
      opened = undefined
    })
    return opened
  }
  const open = (started: Started) => {
    endQueuedAnswers()
    return { ...started, door: createWebDoor(started), local: createWebLocal(started) }
  }
  return {
    ready: async () => void (await doors()),
    fetch: (request, info) => counted(async () => (await doors()).door.fetch(request, info)),
    handles(url) {
      isOurs ??= ownTargets(settings())
      const { host, pathname = '' } = URL.parse(String(url)) ?? { pathname: String(url) }
      return isOurs(host, pathname.split(/[?#]/, 1)[0] ?? '')
    },
    session: async (request) => (await doors()).local.session(request),
    route:
      (handler) =>
      (request, ...context) =>
        counted(async () => (await doors()).local.route(handler, request, context)),
    async bff() {
      const { bff } = await doors()
      return { ...bff, ...bff.frontends.top(), close: bff.close }
    },
    frontend: async (name) => (await doors()).bff.frontends.named(name),
    async reload(config) {
      const result = await (await doors()).reload(config)
      if (result.ok) isOurs = undefined
      return result
    },
    async close(graceMs = 30_000) {
      const { bff } = await doors()
      bff.drain()
      bff.frontends.endOpenEnded()
      const until = performance.now() + graceMs
      while (bff.frontends.inFlight + inFlight > 0 && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await bff.close()
    },
  }
}
