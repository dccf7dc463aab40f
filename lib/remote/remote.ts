import { remotePrefix } from '../config/remote-paths.ts'
import type { Settings } from '../config/settings.ts'
import { createCors } from '../http/cors.ts'
import { createForwardedTrust } from '../http/forwarded.ts'
import type { Outgoing } from '../http/outgoing.ts'
import type { ProblemCode } from '../http/problem.ts'
import { createRandomIds } from '../http/random-ids.ts'
import { rawHeader } from '../http/raw-request.ts'
import { requestId } from '../http/request-id.ts'
import { createApiCookieHolder } from '../session/api-cookie-holder.ts'
import type { DoneRequest, TellDone } from '../telemetry/done-requests.ts'
import type { Log } from '../telemetry/log.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import { clientOf } from './admission.ts'
import { problemAnswer } from './answer.ts'
import { Call } from './call.ts'
import type { CallServices, ReadSession } from './call-services.ts'
import type { TokenSources } from './choose-token.ts'
import { createRoutes } from './match-route.ts'
import { createOpenEnded } from './open-ended.ts'
import { createPlaces } from './places.ts'
import { prepareRemote } from './prepare-remote.ts'
import type { PeerRequest, RemoteRequest, UpgradeRequest } from './remote-request.ts'
import { dropRest } from './request-body.ts'
import { endWith, upgrade } from './upgrade.ts'
import { createWaitingBodies } from './waiting-bodies.ts'

/** The proxy: everything below `/api/remote/`, and below the paths that remotes have of their own. */
export interface Remote {
  /** True when a request-target is the proxy's to answer. */
  handles(target: string): boolean
  /** Answers a request into its sink. Never throws. */
  handle(request: RemoteRequest): void
  /** Answers a request to switch to WebSocket, on its socket. Never throws. */
  upgrade(request: UpgradeRequest): void
  /** Calls that have not been answered to the end; open WebSockets do not count. */
  readonly inFlight: number
  /** Streams of events and WebSockets that are open. */
  readonly openStreams: number
  /** Before a shutdown: closes what would never end by itself, and what of that kind begins from now on. */
  endOpenEnded(): void
  /** Breaks whatever is under way, and closes all connections. Waiting for `inFlight` is the caller's. */
  close(): Promise<void>
}

export interface RemoteDeps extends TokenSources {
  readonly settings: Pick<
    Settings,
    | 'remotes'
    | 'publicOrigin'
    | 'basePath'
    | 'remotePrefix'
    | 'spa'
    | 'trustProxy'
    | 'limits'
    | 'secrets'
  > & { readonly session: { readonly cookieName: string } }
  readonly readSession: ReadSession
  readonly log: Log
  readonly outgoing: Pick<Outgoing, 'connect'>
  /** Epoch milliseconds. */
  readonly now: () => number
  /**
   * How often the sessions of open WebSockets and streams of events are looked at, in milliseconds.
   * @default 5000
   */
  readonly sessionCheckMs?: number
  /** @default nobody is told */
  readonly onDone?: TellDone
  /** @default nobody traces */
  readonly tracing?: Tracing
}

export function createRemote(deps: RemoteDeps): Remote {
  const { settings, log } = deps
  const { publicOrigin, basePath, spa } = settings
  const cookieHolder = createApiCookieHolder(settings)
  const remotes = Object.values(settings.remotes).map((remote) =>
    prepareRemote(remote, {
      ...deps,
      publicOrigin,
      cookieHolder,
      varyByOrigin: spa.origins.length > 0,
    }),
  )
  const routes = createRoutes(
    remotes.map((remote) => [remote.settings.path, remote]),
    settings.remotePrefix,
  )
  const trusts = createForwardedTrust(settings.trustProxy)
  const services: CallServices = {
    readSession: deps.readSession,
    csrf: { publicOrigin, origins: spa.origins },
    cors: createCors(spa.origins),
    basePath,
    randomId: createRandomIds(),
    trusts,
    takePlace: createPlaces({ limits: settings.limits, trusts, publicOrigin, log }),
    waiting: createWaitingBodies(),
    log,
    tracing: deps.tracing,
    onEventStream(call) {
      const stream = { cookie: call.sessionCookie, close: () => call.cut() }
      openEnded.add(stream)
      call.sink.on('close', () => openEnded.remove(stream))
    },
    onOver(done) {
      inFlight -= 1
      deps.onDone?.(done)
    },
    onUpgradeOver: (done) => deps.onDone?.(done),
  }
  const openEnded = createOpenEnded({
    readSession: deps.readSession,
    everyMs: deps.sessionCheckMs ?? 5000,
    onError: (cause) => log.event('unexpected.error', { where: 'session of a stream', cause }),
  })
  let inFlight = 0

  function handle(request: RemoteRequest) {
    const route = routes.match(request.target)
    if (!route) return refuse(request)
    inFlight += 1
    const call = new Call(services, route.remote, request)
    try {
      call.begin(route)
    } catch (cause) {
      call.crash(cause)
    }
  }

  function refuse(request: RemoteRequest): void {
    const { sink } = request
    const { status, headers, body, done } = refusal(request)
    sink.on('error', () => undefined)
    sink.on('close', () => deps.onDone?.(done))
    sink.writeHead(status, headers)
    sink.end(body)
    if (request.body) dropRest(request.body)
  }

  /** No such remote; or a name that could never be one, which is a path that wants to be another. */
  function refusal(request: PeerRequest) {
    const name = routes.unknownName(request.target)
    const isName = name === undefined || /^[\w-]*$/.test(name)
    const code: ProblemCode = isName ? 'unknown_remote' : 'bad_path'
    const { rawHeaders } = request
    const id = requestId(rawHeader(rawHeaders, 'x-request-id'))
    const head = { forwardedFor: rawHeader(rawHeaders, 'x-forwarded-for') }
    const client = clientOf(request, head, services)
    log.event('request.refused', { requestId: id, code, route: remotePrefix, client })
    const answer = problemAnswer(code, { requestId: id })
    const done: DoneRequest = {
      ...{ requestId: id, route: remotePrefix, method: request.method, status: answer.status },
      ...{ startedAt: performance.now(), bytesIn: 0, bytesOut: Buffer.byteLength(answer.body) },
      who: { client },
    }
    return { ...answer, done }
  }

  return {
    handles: routes.handles,
    handle,
    upgrade(request) {
      const route = routes.match(request.target)
      request.socket.on('error', () => undefined)
      if (route) void upgrade({ services, openEnded }, route.remote, route, request)
      else {
        const { done, ...answer } = refusal(request)
        endWith(request, answer)
        deps.onDone?.(done)
      }
    },
    endOpenEnded: openEnded.endAll,
    get openStreams() {
      return openEnded.size
    },
    get inFlight() {
      return inFlight
    },
    async close() {
      openEnded.endAll()
      const upstreams = remotes.flatMap((it) => [it.upstream, it.socketUpstream])
      await Promise.all([...new Set(upstreams)].map((upstream) => upstream.close()))
    },
  }
}
