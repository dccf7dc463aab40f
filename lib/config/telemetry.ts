import { type Environment, readerOf, type Variables } from './env.ts'
import type { Report } from './report.ts'

export const telemetryVariables = {
  BFF_ACCESS_LOG: {
    meaning:
      '`true` writes an event `request.done` for every request that was answered, whatever `LOG_LEVEL` says.',
    default: 'false',
    example: 'true',
  },
} as const satisfies Variables

const read = readerOf(telemetryVariables)

export interface TelemetrySettings {
  readonly accessLog: boolean
}

/** What an operator is told, besides the log. */
export function telemetrySettings(env: Environment, report: Report): TelemetrySettings {
  return { accessLog: accessLog(env, report) }
}

function accessLog(env: Environment, report: Report): boolean {
  const text = read(env, 'BFF_ACCESS_LOG').toLowerCase()
  if (text !== 'true' && text !== 'false') {
    report.problem('BFF_ACCESS_LOG', 'is neither true nor false', 'write true, or leave it out')
  }
  return text === 'true'
}
