import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Bff } from '../bff.ts'
import type { Config } from '../config/define-config.ts'
import { describeProblems } from '../config/report.ts'
import type { WholeBff } from '../frontends/create-bff.ts'
import { createCallsInFlight } from './calls-in-flight.ts'
import { type LocalSession, localSession } from './local-session.ts'
import { startNodeHost } from './node.ts'
import { createNodeHandler, type Next, receivedTarget } from './node-handler.ts'
import { createNodeProtect, type LocalHandler } from './node-protect.ts'
import type { ReloadResult } from './reload.ts'
import { type Engine, logStart } from './start-engine.ts'
import { startFailure } from './start-failure.ts'

/** A request, as far as it says who is signed in; with several frontends, its raw headers and address too. */
export type AskedBy = Pick<IncomingMessage, 'headers'> &
  Partial<Pick<IncomingMessage, 'rawHeaders' | 'url'>>

/** Cloakroom in a Node server of one's own: plain Node, Express, Fastify. No method needs `this`. */
export interface Cloakroom {
  /**
   * Answers the endpoints and the remote APIs, Connect style: `app.use(cloakroom.handler)`, before anything that
   * reads bodies. What is not ours goes on to `next`; without one it is 404.
   */
  handler(request: IncomingMessage, response: ServerResponse, next?: Next): void
  /**
   * WebSockets of remote APIs: `server.on('upgrade', cloakroom.upgrade)`. True when it was one; any other is left
   * to whoever else listens.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /**
   * Puts the guards of a remote API in front of a handler of one's own: the CSRF rule (403), a session (401), a store
   * that answers (503), and `Cache-Control: no-store` on what it says. Extends the session.
   */
  protect<Request extends IncomingMessage, Response extends ServerResponse>(
    handler: LocalHandler<Request, Response>,
  ): (request: Request, response: Response, next?: Next) => Promise<void>
  /**
   * Who is signed in, or undefined. Only reads: it extends nothing, and checks no CSRF rule, so nothing may be changed
   * by it alone. Rejects with StoreUnavailableError.
   */
  session(request: AskedBy): Promise<LocalSession | undefined>
  /** The engine: tokens and sessions for server code outside of requests. After a reload: of the new configuration. */
  readonly bff: WholeBff
  /** The same, of one frontend; undefined when there is none of this name. */
  frontend(name: string): Bff | undefined
  /**
   * Reads the configuration once more, while calls go on: the given one, else `BFF_CONFIG_FILE` as it stands now.
   * Frontends come, go and change, and what is wrong changes nothing: `report` says what it was.
   */
  reload(config?: Config): Promise<ReloadResult>
  /** Serves the endpoints and the remote APIs on a server of its own, at `HOST` and `PORT`. Rejects when it cannot. */
  listen(): Promise<{ readonly address: string }>
  /**
   * `ready` says no, servers of `listen()` take no new connection; resolves when the calls in flight have ended, on
   * any server, `graceMs` (30 s) at most, and the store is closed. `forced`: some were cut. On a server of your own
   * stop listening first.
   */
  close(graceMs?: number): Promise<{ readonly forced: boolean }>
}

/** The doors of an engine that runs. */
export function cloakroomOf(engine: Pick<Engine, 'bff' | 'log' | 'reload'>): Cloakroom {
  const { bff } = engine
  const calls = createCallsInFlight()
  const servers: Promise<{ close(graceMs: number): Promise<{ forced: boolean }> }>[] = []
  let closed: Promise<{ forced: boolean }> | undefined

  async function close(graceMs: number): Promise<{ forced: boolean }> {
    bff.drain()
    // A server that never came up has nothing to close.
    const up = (await Promise.allSettled(servers)).flatMap((it) =>
      it.status === 'fulfilled' ? [it.value] : [],
    )
    bff.frontends.endOpenEnded()
    const ends = await Promise.all([
      calls.end(graceMs),
      ...up.map((server) => server.close(graceMs)),
    ])
    await bff.close()
    return { forced: ends.some(({ forced }) => forced) }
  }

  return {
    ...createNodeHandler({ bff, log: engine.log, calls }),
    protect: createNodeProtect({ bff, calls, log: engine.log }),
    async session(request) {
      const { headers, rawHeaders = [] } = request
      const its = bff.frontends.of(rawHeaders, receivedTarget(request) ?? '/')
      if (typeof its === 'string') return undefined
      const known = await its.readSession(headers.cookie, 'peek')
      return known && localSession(its, known)
    },
    get bff() {
      return { ...bff, ...bff.frontends.top(), close: bff.close }
    },
    frontend: (name) => bff.frontends.named(name),
    reload: engine.reload,
    async listen() {
      // The store is everybody's: it closes when the last call has ended, on whatever server.
      const server = startNodeHost({ bff: { ...bff, close: async () => {} }, log: engine.log })
      servers.push(server)
      const { address } = await server.catch((cause: unknown) => {
        const failure = startFailure(cause, bff.settings)
        throw failure ? new Error(describeProblems([failure]), { cause }) : cause
      })
      logStart(engine, 'node', address)
      return { address }
    },
    close(graceMs = 30_000) {
      closed ??= close(graceMs)
      return closed
    },
  }
}
