import { parseDuration } from './duration.ts'
import { type Environment, type Mode, readerOf, type Variables } from './env.ts'
import type { Report } from './report.ts'
import type { StoreSettings } from './store.ts'

export const listenVariables = {
  PORT: { meaning: 'Port to listen on.', default: '3000', example: '3000' },
  HOST: {
    meaning:
      'Address to listen on; or `unix:` and the path of a Unix socket, which takes the place of `PORT`. Node host only: `next start` takes `--hostname`.',
    defaultInWords: '`0.0.0.0`; in development `127.0.0.1`',
    example: '0.0.0.0',
  },
  BFF_DRAIN: {
    meaning:
      'How long new connections are still taken after SIGTERM, while `ready` says 503 already: longer than your balancer needs to notice. `0` to `5m`.',
    default: '5s',
    example: '10s',
  },
  BFF_WORKERS: {
    meaning:
      'Processes that share the port, on the Node host only: one for each core is a good measure. More than 1 needs a store other than `memory`.',
    default: '1',
    example: '1',
  },
  LOG_LEVEL: {
    meaning: '`trace`, `debug`, `info`, `warn`, `error` or `silent`.',
    default: 'info',
    example: 'info',
  },
} as const satisfies Variables

const read = readerOf(listenVariables)

/** Begins a HOST that is no address but the path of a Unix socket. */
export const unixPrefix = 'unix:'

/** The path, if a HOST is one. */
export function socketPath(host: string): string | undefined {
  return host.startsWith(unixPrefix) ? host.slice(unixPrefix.length) : undefined
}

// Of `sun_path`, the zero at its end left out; on BSD and macOS it is 4 shorter.
const maxSocketPathBytes = 103

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
type LogLevel = (typeof levels)[number]

export interface ListenSettings {
  readonly port: number
  /** An address, a name, or `unix:` and the path of a socket. */
  readonly host: string
  /** How long new connections are still taken after the signal to stop. */
  readonly drainMs: number
  /** Processes on the Node host. */
  readonly workers: number
  readonly logLevel: LogLevel
}

/** How the process listens, stops and speaks. */
export function listenSettings(
  env: Environment,
  { mode, store, report }: { mode: Mode; store: StoreSettings; report: Report },
): ListenSettings {
  return {
    port: listenPort(env, report),
    host: listenHost(env, mode, report),
    drainMs: drainMs(env, report),
    workers: workerCount(env, store.kind, report),
    logLevel: logLevel(env, report),
  }
}

function listenPort(env: Environment, report: Report): number {
  const text = read(env, 'PORT')
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  report.problem(
    'PORT',
    'is not a valid port',
    'write a number from 0 to 65535 (0 takes any free one)',
  )
  return 0
}

function listenHost(env: Environment, mode: Mode, report: Report): string {
  const host = read(env, 'HOST') ?? (mode === 'development' ? '127.0.0.1' : '0.0.0.0')
  if (host.startsWith(unixPrefix)) {
    const path = socketPath(host) ?? ''
    if (!path.startsWith('/') || Buffer.byteLength(path) > maxSocketPathBytes) {
      const fix = `write unix:/run/cloakroom.sock, of ${maxSocketPathBytes} bytes at most behind unix:`
      report.problem('HOST', 'is no path of a Unix socket', fix)
    }
  } else if (/[^A-Za-z0-9.:_-]/.test(host)) {
    report.problem(
      'HOST',
      'is not a valid address',
      'write an IP address or a host name, without a port',
    )
  }
  return host
}

/** How long new connections are still taken after the signal to stop, in milliseconds (A2). */
function drainMs(env: Environment, report: Report): number {
  const text = read(env, 'BFF_DRAIN')
  const parsed = parseDuration(/^\d+$/.test(text) ? Number(text) : text, { from: 0, to: '5m' })
  if (parsed.ok) return parsed.value * 1000
  report.problem('BFF_DRAIN', parsed.problem, `${parsed.fix}; 0 for none`)
  return 0
}

const workerVariable = 'CLOAKROOM_WORKER'

/** What tells a worker which of them it is, from 0; a new one has the number of that whose place it takes. */
export const workerEnvironment = (number: number) => ({ [workerVariable]: String(number) })

export function workerNumberIn(env: Environment): number {
  return Number(env[workerVariable] ?? 0) || 0
}

/** Processes on the Node host. Memory cannot be shared among them. */
function workerCount(env: Environment, store: StoreSettings['kind'], report: Report): number {
  const text = read(env, 'BFF_WORKERS')
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count < 1) {
    report.problem(
      'BFF_WORKERS',
      'is not a valid number of processes',
      'write a number from 1 to 999',
    )
  }
  if (count > 1 && store === 'memory') {
    report.problem(
      'BFF_WORKERS',
      'is more than 1, and processes do not share memory',
      'set BFF_STORE to sqlite or redis or postgres, or BFF_WORKERS to 1',
    )
  }
  return Math.max(1, count)
}

function logLevel(env: Environment, report: Report): LogLevel {
  const text = read(env, 'LOG_LEVEL').toLowerCase()
  const level = levels.find((each) => each === text)
  if (!level)
    report.problem('LOG_LEVEL', 'is not a valid level', `choose one of ${levels.join(', ')}`)
  return level ?? 'info'
}
