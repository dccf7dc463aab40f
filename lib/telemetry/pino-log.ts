import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { errorFields } from './error-fields.ts'
import { eventLevels, type Log } from './log.ts'
import { redact } from './redaction.ts'

export interface PinoLogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Anything with a `write(line)`. @default standard output */
  readonly destination?: DestinationStream
}

/**
 * Writes events as JSON lines: `level` in words, `time` in ISO 8601, `event`, then the event's fields.
 * The catalogue leaves no field for a credential; texts are redacted all the same, in case that
 * somebody else's error message holds one.
 */
export function createPinoLog({ level, destination }: PinoLogOptions): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return logBy(destination ? pino(options, destination) : pino(options))
}

function logBy(logger: Logger): Log {
  // Asked for by a setting of its own, so no level holds it back.
  const always = logger.child({}, { level: 'trace' })
  return {
    ofFrontend: (frontend) => logBy(logger.child({ frontend })),
    event: (event, fields) => {
      const eventLevel = eventLevels[event]
      const by = event === 'request.done' ? always : logger
      if (by.isLevelEnabled(eventLevel)) by[eventLevel]({ event, ...safeFields(fields) })
    },
  }
}

/** Texts are redacted, numbers and flags pass as they are, and a cause passes as an error does. */
function safeFields(fields: object): Record<string, unknown> {
  const safe: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    if (name === 'cause') safe[name] = errorFields(value)
    else if (typeof value === 'string') safe[name] = redact(value)
    else if (typeof value === 'number' || typeof value === 'boolean') safe[name] = value
    else safe[name] = errorFields(value)
  }
  return safe
}
