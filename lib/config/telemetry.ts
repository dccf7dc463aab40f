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
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    meaning:
      'Where a collector takes OTLP over HTTP (in JSON): traces and metrics are sent to `/v1/traces` and `/v1/metrics` below it. `cloakroom serve` and `npm start` only; elsewhere the app registers its own SDK.',
    example: 'http://localhost:4318',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    meaning: 'Headers for the collector: `name=value`, by commas, each percent-encoded.',
  },
  OTEL_SERVICE_NAME: { meaning: 'Name of this service at the collector.', default: 'cloakroom' },
  OTEL_RESOURCE_ATTRIBUTES: {
    meaning:
      'What else is said of this service there: `name=value`, by commas, each percent-encoded.',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    meaning:
      'Which part of the traces that begin here is recorded, from `0` to `1`. One that a caller began goes by the caller.',
    default: '1',
  },
} as const satisfies Variables

const read = readerOf(telemetryVariables)

export interface OtlpCollector {
  /** Without `/v1/traces`, and without a slash at its end. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly resource: Readonly<Record<string, string>>
  /** Which part of the traces that begin here is recorded: 0 to 1. */
  readonly ratio: number
}

export interface TelemetrySettings {
  readonly accessLog: boolean
  /** 0 takes any free one. */
  readonly metricsPort: number | undefined
  /** The collector; undefined where nothing is sent. */
  readonly otlp: OtlpCollector | undefined
}

/** What an operator is told, besides the log. */
export function telemetrySettings(
  env: Environment,
  { port, report }: { port: number; report: Report },
): TelemetrySettings {
  return {
    accessLog: accessLog(env, report),
    metricsPort: metricsPort(env, port, report),
    otlp: otlpCollector(env, report),
  }
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

function otlpCollector(env: Environment, report: Report): OtlpCollector | undefined {
  const text = read(env, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (url && (url.username || url.password)) {
    const fix = 'put them into OTEL_EXPORTER_OTLP_HEADERS, as authorization=Basic%20…'
    report.problem('OTEL_EXPORTER_OTLP_ENDPOINT', 'holds a user name or password', fix)
  } else if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    const fix = 'write http://localhost:4318, or the address that your collector has'
    report.problem('OTEL_EXPORTER_OTLP_ENDPOINT', 'is not the http address of a collector', fix)
  }
  const arg = Number(read(env, 'OTEL_TRACES_SAMPLER_ARG'))
  if (!(arg >= 0 && arg <= 1)) {
    report.problem('OTEL_TRACES_SAMPLER_ARG', 'is not a part', 'write a number from 0 to 1')
  }
  return {
    endpoint: text.replace(/\/+$/, ''),
    headers: pairs(env, 'OTEL_EXPORTER_OTLP_HEADERS', report),
    resource: {
      ...pairs(env, 'OTEL_RESOURCE_ATTRIBUTES', report),
      'service.name': read(env, 'OTEL_SERVICE_NAME'),
    },
    ratio: arg,
  }
}

function pairs(
  env: Environment,
  name: 'OTEL_EXPORTER_OTLP_HEADERS' | 'OTEL_RESOURCE_ATTRIBUTES',
  report: Report,
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of (read(env, name) ?? '').split(',')) {
    if (pair.trim() === '') continue
    const at = pair.indexOf('=')
    try {
      if (at < 1) throw new SyntaxError(pair)
      found[pair.slice(0, at).trim()] = decodeURIComponent(pair.slice(at + 1).trim())
    } catch {
      report.problem(name, 'is no list of pairs', 'write name=value, and commas between them')
      break
    }
  }
  return found
}
