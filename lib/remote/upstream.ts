import { type Dispatcher, Pool } from 'undici'
import type { RemoteSettings } from '../config/settings.ts'
import type { Log } from '../telemetry/log.ts'
import { createCircuit } from './circuit.ts'

/** The connections to one remote API. Its origin is fixed here, once (P1). */
export interface Upstream {
  /** False when the API is known to be down, or has more requests waiting than it will ever answer. */
  admits(): boolean
  /** Sends a request; every outcome is told to the handler. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void
  /** Ends a dispatch that `admits` let through. */
  released(): void
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
const maxConnections = 4096
const maxUnderWay = 2 * maxConnections

type PoolSettings = Pick<
  RemoteSettings,
  'name' | 'target' | 'connectTimeoutMs' | 'idleTimeoutMs' | 'http2'
>

export function createUpstream(remote: PoolSettings, { log, now }: UpstreamDeps): Upstream {
  const pool = new Pool(new URL(remote.target).origin, {
    connections: maxConnections,
    // No request waits behind another's answer on one connection.
    pipelining: 1,
    allowH2: remote.http2,
    connect: { timeout: remote.connectTimeoutMs },
    // Idle, not total: a stream may last as long as it goes on (P7).
    headersTimeout: remote.idleTimeoutMs,
    bodyTimeout: remote.idleTimeoutMs,
  })
  const circuit = createCircuit({
    now,
    onOpen: (failures) => log.event('remote.circuit_opened', { remote: remote.name, failures }),
    onClose: () => log.event('remote.circuit_closed', { remote: remote.name }),
  })
  pool.on('connect', () => circuit.succeeded())
  pool.on('connectionError', () => circuit.failed())
  let underWay = 0

  return {
    admits() {
      if (underWay >= maxUnderWay || (circuit.isOpen && !circuit.admits())) return false
      underWay += 1
      return true
    },
    dispatch(options, handler) {
      pool.dispatch(options, handler)
    },
    released() {
      underWay -= 1
    },
    answered() {
      if (circuit.isOpen) circuit.succeeded()
    },
    close: () => pool.destroy(),
  }
}
