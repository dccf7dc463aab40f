import { parseDuration } from './duration.ts'
import { type Environment, type Mode, readVariable } from './env.ts'
import type { Report } from './report.ts'
import type { Settings } from './settings.ts'

/** Begins a HOST that is no address but the path of a Unix socket. */
export const unixPrefix = 'unix:'

/** The path, if a HOST is one. */
export function socketPath(host: string): string | undefined {
  return host.startsWith(unixPrefix) ? host.slice(unixPrefix.length) : undefined
}

// Of `sun_path`, the zero at its end left out; on BSD and macOS it is 4 shorter.
const maxSocketPathBytes = 103

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

export function listenPort(env: Environment, report: Report): number {
  const text = readVariable(env, 'PORT') ?? '3000'
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  report.problem('PORT', 'is no port', 'write a number from 0 to 65535 (0 takes any free one)')
  return 0
}

export function listenHost(env: Environment, mode: Mode, report: Report): string {
  const host = readVariable(env, 'HOST') ?? (mode === 'development' ? '127.0.0.1' : '0.0.0.0')
  if (host.startsWith(unixPrefix)) {
    const path = socketPath(host) ?? ''
    if (!path.startsWith('/') || Buffer.byteLength(path) > maxSocketPathBytes) {
      const fix = `write unix:/run/cloakroom.sock, of ${maxSocketPathBytes} bytes at most behind unix:`
      report.problem('HOST', 'is no path of a Unix socket', fix)
    }
  } else if (/[^A-Za-z0-9.:_-]/.test(host)) {
    report.problem('HOST', 'is no address', 'write an IP address or a host name, without a port')
  }
  return host
}

/** How long new connections are still taken after the signal to stop, in milliseconds (A2). */
export function drainMs(env: Environment, report: Report): number {
  const text = readVariable(env, 'BFF_DRAIN') ?? '5s'
  const parsed = parseDuration(/^\d+$/.test(text) ? Number(text) : text, { from: 0, to: '5m' })
  if (parsed.ok) return parsed.value * 1000
  report.problem('BFF_DRAIN', parsed.problem, `${parsed.fix}; 0 for none`)
  return 0
}

/** Processes on the Node host. Memory cannot be shared among them. */
export function workerCount(
  env: Environment,
  store: Settings['store']['kind'],
  report: Report,
): number {
  const text = readVariable(env, 'BFF_WORKERS') ?? '1'
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count < 1) {
    report.problem('BFF_WORKERS', 'is no number of processes', 'write a number from 1 to 999')
  }
  if (count > 1 && store === 'memory') {
    report.problem(
      'BFF_WORKERS',
      'is more than 1, and processes do not share memory',
      'set BFF_STORE to sqlite or redis, or BFF_WORKERS to 1',
    )
  }
  return Math.max(1, count)
}

export function logLevel(env: Environment, report: Report): Settings['logLevel'] {
  const text = readVariable(env, 'LOG_LEVEL')?.toLowerCase() ?? 'info'
  const level = levels.find((each) => each === text)
  if (!level) report.problem('LOG_LEVEL', 'is no level', `choose one of ${levels.join(', ')}`)
  return level ?? 'info'
}
