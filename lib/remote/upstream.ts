import { Client, type Dispatcher, Pool } from 'undici'
import type { RemoteSettings } from '../config/settings.ts'
import type { Log } from '../telemetry/log.ts'
import { createCircuit } from './circuit.ts'

/** The connections to one remote API. Its origin is fixed here, once (P1). */
export interface Upstream {
  /** False when the API is known to be down, or has more calls waiting than it will ever answer. */
  admits(): boolean
  /** Ends a call that `admits` let through. */
  released(): void
  /** What to send one request with: a connection that nobody else uses meanwhile, or one that carries many. */
  take(): Dispatcher
  /** Gives it back when that request has come to its end, whatever end. */
  give(connection: Dispatcher): void
  /** An answer came. */
  answered(): void
  /** Breaks what is under way. */
  close(): Promise<void>
}

export interface UpstreamDeps {
  readonly log: Log
  readonly now: () => number
}

// Far more than an API in good health needs; a bound on what a stuck one can hold.
const maxUnderWay = 4096
// Of those that are not in use; their sockets close by themselves after some idle seconds.
const maxKept = 256

type UpstreamSettings = Pick<
  RemoteSettings,
  'name' | 'target' | 'connectTimeoutMs' | 'idleTimeoutMs' | 'http2'
>

export function createUpstream(remote: UpstreamSettings, { log, now }: UpstreamDeps): Upstream {
  const { origin } = new URL(remote.target)
  const options = {
    // No request waits behind another's answer on one connection.
    pipelining: 1,
    allowH2: remote.http2,
    connect: { timeout: remote.connectTimeoutMs },
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
    admits() {
      if (underWay >= maxUnderWay || (circuit.isOpen && !circuit.admits())) return false
      underWay += 1
      return true
    },
    released() {
      underWay -= 1
    },
    take: connections.take,
    give: connections.give,
    answered() {
      if (circuit.isOpen) circuit.succeeded()
    },
    close: connections.close,
  }
}

type Connections = Pick<Upstream, 'take' | 'give' | 'close'>
type Watch = (dispatcher: Dispatcher) => void

/** HTTP/2: undici's pool, which sends many requests over one connection. */
function shareOne(origin: string, options: Pool.Options, watch: Watch): Connections {
  const pool = new Pool(origin, { ...options, connections: maxUnderWay })
  watch(pool)
  return { take: () => pool, give: () => undefined, close: () => pool.destroy() }
}

/**
 * HTTP/1.1: one request, one client, the one used last first. This does for us what undici's pool does,
 * without its queue and its `drain` events, which cost a tenth of a whole call.
 */
function keepMany(origin: string, options: Client.Options, watch: Watch): Connections {
  const all = new Set<Client>()
  const free: Client[] = []

  function create(): Client {
    const client = new Client(origin, options)
    all.add(client)
    watch(client)
    return client
  }

  return {
    take: () => free.pop() ?? create(),
    give(connection) {
      const client = connection as Client
      if (free.length < maxKept) free.push(client)
      else {
        all.delete(client)
        client.close().catch(() => undefined)
      }
    },
    async close() {
      await Promise.all([...all].map((client) => client.destroy()))
    },
  }
}
