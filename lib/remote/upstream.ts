import type { RemoteSettings } from '../config/remote.ts'
import {
  type Client,
  type Connect,
  type Dispatcher,
  type Outgoing,
  openClient,
  openPool,
} from '../http/outgoing.ts'
import type { Log } from '../telemetry/log.ts'
import { createCircuit } from './circuit.ts'
import { freeWhatIsSent } from './passed-chunk.ts'
import { takeUnaskedContinue } from './unasked-continue.ts'

/** The connections to one remote API. Its origin is fixed here, once (P1). */
export interface Upstream {
  /** Takes a place for a call, or says why not: the API cannot be reached, or has all the calls it may have. */
  admit(): 'upstream_circuit_open' | 'upstream_busy' | undefined
  /** Ends a call that `admit` let through. */
  released(): void
  /** What to send one request with: a connection that nobody else uses meanwhile, or one that carries many. */
  take(): Dispatcher
  /** Gives it back when that request has come to its end, whatever end. */
  give(connection: Dispatcher): void
  /** True when the connection was reset since it was taken, so that an end without a length is no end. */
  wasReset(connection: Dispatcher): boolean
  /** An answer came. */
  answered(): void
  /** Breaks what is under way. */
  close(): Promise<void>
}

export interface UpstreamDeps {
  readonly log: Log
  readonly now: () => number
  readonly outgoing: Pick<Outgoing, 'connect'>
}

// Far more than an API in good health needs; a bound on what a stuck one can hold.
const maxUnderWay = 4096
// Of those that are not in use; their sockets close by themselves after some idle seconds.
const maxKept = 256
// A connection in constant use would never learn that the API's name leads elsewhere now. Each is used for
// one to two of these periods.
const renewalMs = 30_000

type UpstreamSettings = Pick<
  RemoteSettings,
  'name' | 'target' | 'connectTimeoutMs' | 'idleTimeoutMs' | 'http2' | 'tls'
>

export function createUpstream(
  remote: UpstreamSettings,
  { log, now, outgoing }: UpstreamDeps,
): Upstream {
  const { origin } = new URL(remote.target)
  const options = {
    // No request waits behind another's answer on one connection.
    pipelining: 1,
    allowH2: remote.http2,
    connect: outgoing.connect({
      timeout: remote.connectTimeoutMs,
      allowH2: remote.http2,
      certificate: remote.tls,
    }),
    // Idle, not total: a stream may last as long as it goes on (P7).
    headersTimeout: remote.idleTimeoutMs,
    bodyTimeout: remote.idleTimeoutMs,
  }
  const circuit = createCircuit({
    now,
    onOpen: (failures) => log.event('remote.circuit_opened', { remote: remote.name, failures }),
    onClose: () => log.event('remote.circuit_closed', { remote: remote.name }),
  })
  const connections = remote.http2
    ? shareOne(origin, options, watch)
    : keepMany(origin, options, watch)
  let underWay = 0

  function watch(dispatcher: Dispatcher): void {
    dispatcher.on('connect', circuit.succeeded)
    dispatcher.on('connectionError', circuit.failed)
  }

  return {
    admit() {
      if (underWay >= maxUnderWay) return 'upstream_busy'
      if (circuit.isOpen && !circuit.admits()) return 'upstream_circuit_open'
      underWay += 1
      return undefined
    },
    released() {
      underWay -= 1
    },
    take: connections.take,
    give: connections.give,
    wasReset: connections.wasReset,
    answered() {
      if (circuit.isOpen) circuit.succeeded()
    },
    close: connections.close,
  }
}

type Connections = Pick<Upstream, 'take' | 'give' | 'wasReset' | 'close'>
interface ConnectionOptions {
  readonly pipelining: number
  readonly allowH2: boolean
  readonly connect: Connect
  readonly headersTimeout: number
  readonly bodyTimeout: number
}
type Watch = (dispatcher: Dispatcher) => void

/** HTTP/2: undici's pool, which sends many requests over one connection. */
function shareOne(origin: string, options: ConnectionOptions, watch: Watch): Connections {
  const pool = openPool(origin, { ...options, connections: maxUnderWay, clientTtl: renewalMs })
  watch(pool)
  return {
    take: () => pool,
    give: () => undefined,
    // Every stream of HTTP/2 says for itself how it ended.
    wasReset: () => false,
    close: () => pool.destroy(),
  }
}

/**
 * HTTP/1.1: one request, one client, the one used last first. This does for us what undici's pool does,
 * without its queue and its `drain` events, which cost a tenth of a whole call.
 */
function keepMany(origin: string, options: ConnectionOptions, watch: Watch): Connections {
  const all = new Set<Client>()
  const free: Client[] = []
  const reset = new WeakSet<Dispatcher>()
  /** Those of the last renewal, and those among them that outlived another: closed as soon as they are free. */
  let settled = new Set<Client>()
  const expired = new Set<Client>()

  const renewal = setInterval(() => {
    for (const client of settled) if (all.has(client)) expired.add(client)
    settled = new Set(all)
    const kept = free.filter((client) => !expired.has(client))
    const old = free.filter((client) => expired.has(client))
    free.splice(0, free.length, ...kept)
    for (const client of old) retire(client)
  }, renewalMs)
  renewal.unref()

  function create(): Client {
    const client: Client = openClient(origin, {
      ...options,
      connect: (target, callback) =>
        options.connect(target, (...result) => {
          reset.delete(client)
          // undici takes a reset for the end of an answer that has no length, and says nothing of it.
          result[1]?.prependListener('error', (error: NodeJS.ErrnoException) => {
            if (error.code === 'ECONNRESET') reset.add(client)
          })
          callback(...result)
          if (!result[1]) return
          takeUnaskedContinue(result[1])
          freeWhatIsSent(result[1])
        }),
    })
    all.add(client)
    watch(client)
    return client
  }

  function retire(client: Client): void {
    all.delete(client)
    expired.delete(client)
    client.close().catch(() => undefined)
  }

  return {
    take: () => free.pop() ?? create(),
    give(connection) {
      const client = connection as Client
      const isOld = expired.size > 0 && expired.has(client)
      if (free.length < maxKept && !isOld) free.push(client)
      else retire(client)
    },
    wasReset: (connection) => reset.has(connection),
    async close() {
      clearInterval(renewal)
      await Promise.all([...all].map((client) => client.destroy()))
    },
  }
}
