import { type Environment, readerOf, type Variables } from './env.ts'
import type { Report } from './report.ts'

export const telemetryVariables = {
  BFF_ACCESS_LOG: {
    meaning:
      '`true` writes an event `request.done` for every request that was answered, whatever `LOG_LEVEL` says.',
    default: 'false',
    example: 'true',
  },
  BFF_METRICS_PORT: {
    meaning:
      'Port of a listener of its own, at `HOST`, whose `GET /metrics` shows metrics to Prometheus. Each of several processes (`BFF_WORKERS`) takes the next one. Left out: none.',
    example: '9464',
  },
} as const satisfies Variables

const read = readerOf(telemetryVariables)

export interface TelemetrySettings {
  readonly accessLog: boolean
  /** 0 takes any free one. */
  readonly metricsPort: number | undefined
}

/** What an operator is told, besides the log. */
export function telemetrySettings(
  env: Environment,
  { port, report }: { port: number; report: Report },
): TelemetrySettings {
  return { accessLog: accessLog(env, report), metricsPort: metricsPort(env, port, report) }
}

function accessLog(env: Environment, report: Report): boolean {
  const text = read(env, 'BFF_ACCESS_LOG').toLowerCase()
  if (text !== 'true' && text !== 'false') {
    report.problem('BFF_ACCESS_LOG', 'is neither true nor false', 'write true, or leave it out')
  }
  return text === 'true'
}

function metricsPort(env: Environment, port: number, report: Report): number | undefined {
  const text = read(env, 'BFF_METRICS_PORT')
  if (text === undefined) return undefined
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    const fix = 'write a number from 0 to 65535 (0 takes any free one)'
    report.problem('BFF_METRICS_PORT', 'is not a valid port', fix)
  } else if (Number(text) === port && port !== 0) {
    report.problem(
      'BFF_METRICS_PORT',
      'is PORT, where everybody would read the metrics',
      'set another port, which only your scraper reaches',
    )
  }
  return Number(text)
}
