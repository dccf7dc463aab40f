import type { Settings } from '../config/settings.ts'
import { createForwardedTrust } from '../http/forwarded.ts'
import { type ProblemCode, problemParts } from '../http/problem.ts'
import { requestId } from '../http/request-id.ts'
import type { Log } from '../telemetry/log.ts'
import { Call, type CallServices, type ReadSession } from './call.ts'
import type { TokenSources } from './choose-token.ts'
import { createCors } from './cors.ts'
import type { RemoteExchange, UpgradeExchange } from './exchange.ts'
import { isRemoteTarget, matchRoute, remoteRoot } from './match-route.ts'
import { prepareRemote, type ReadyRemote } from './prepare-remote.ts'
import { createTracing } from './trace.ts'

/** The proxy: everything below `/api/remote/`. */
export interface Remote {
  /** True when a request-target is the proxy's to answer. */
  handles(target: string): boolean
  /** Answers an exchange into its sink. Never throws. */
  handle(exchange: RemoteExchange): void
  /** Answers a request to switch to WebSocket, on its socket. Never throws. */
  upgrade(exchange: UpgradeExchange): void
  /** Exchanges that have not been answered to the end. */
  readonly inFlight: number
  /** Breaks whatever is under way, and closes all connections. Waiting for `inFlight` is the caller's. */
  close(): Promise<void>
}

export interface RemoteDeps extends TokenSources {
  readonly settings: Pick<Settings, 'remotes' | 'publicOrigin' | 'basePath' | 'spa' | 'trustProxy'>
  readonly readSession: ReadSession
  readonly log: Log
  /** Epoch milliseconds. */
  readonly now: () => number
}

export function createRemote(deps: RemoteDeps): Remote {
  const { settings, log } = deps
  const { publicOrigin, basePath, spa } = settings
  const remotes = new Map<string, ReadyRemote>()
  for (const remote of Object.values(settings.remotes)) {
    const ready = prepareRemote(remote, {
      ...deps,
      publicOrigin,
      varyByOrigin: spa.origins.length > 0,
    })
    remotes.set(remote.name, ready)
  }
  const services: CallServices = {
    readSession: deps.readSession,
    csrf: { publicOrigin, origins: spa.origins },
    cors: createCors(spa.origins),
    basePath,
    tracing: createTracing(),
    trusts: createForwardedTrust(settings.trustProxy),
    log,
    onOver: () => {
      inFlight -= 1
    },
  }
  let inFlight = 0
  let isClosing = false

  function handle(exchange: RemoteExchange) {
    const match = matchRoute(exchange.target)
    const remote = match && remotes.get(match.name)
    if (!match || !remote) return refuse(exchange, match?.name)
    inFlight += 1
    const call = new Call(services, remote, exchange)
    try {
      if (isClosing) call.fail('shutting_down')
      else call.start(match)
    } catch (cause) {
      call.crash(cause)
    }
  }

  /** No such remote; or a name that could never be one, which is a path that wants to be another. */
  function refuse({ sink, rawHeaders }: RemoteExchange, name: string | undefined): void {
    const isName = name === undefined || /^[\w-]*$/.test(name)
    const code: ProblemCode = isName ? 'unknown_remote' : 'bad_path'
    const incoming = rawHeaders.findIndex((it, i) => i % 2 === 0 && /^x-request-id$/i.test(it))
    const id = requestId(incoming < 0 ? undefined : rawHeaders[incoming + 1])
    log.event('request.refused', { requestId: id, code, route: remoteRoot })
    const { status, headers, body } = problemParts(code, { requestId: id })
    const length = String(Buffer.byteLength(body))
    sink.on('error', () => undefined)
    sink.writeHead(status, [...Object.entries(headers).flat(), 'content-length', length])
    sink.end(body)
  }

  return {
    handles: isRemoteTarget,
    handle,
    upgrade(exchange) {
      exchange.socket.destroy()
    },
    get inFlight() {
      return inFlight
    },
    async close() {
      isClosing = true
      await Promise.all([...remotes.values()].map(({ upstream }) => upstream.close()))
    },
  }
}
