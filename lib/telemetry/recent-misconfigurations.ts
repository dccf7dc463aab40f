import type { Log, LogEvent, LogFields } from './log.ts'

export interface Misconfiguration {
  readonly what: string
  readonly fix: string
  /** Epoch milliseconds. */
  readonly at: number
}

const told = ['misconfiguration', 'credentials.refused', 'sign_in.impossible'] as const
const isTold = (name: LogEvent) => (told as readonly LogEvent[]).includes(name)

const kept = 20
const repeatMs = 10 * 60_000

/**
 * A log that also remembers the last misconfigurations, for `/bff/diagnostics`, and tells each of them
 * once in ten minutes: every request may run into the same one. Nothing per user enters.
 */
export function createRecentMisconfigurations(log: Log, now: () => number) {
  const recent: Misconfiguration[] = []
  const event = <E extends LogEvent>(name: E, fields: LogFields[E]): void => {
    if (isTold(name)) {
      const { what, fix } = fields as LogFields[(typeof told)[number]]
      if (recent.some((known) => known.what === what && now() - known.at < repeatMs)) return
      recent.unshift({ what, fix, at: now() })
      recent.length = Math.min(recent.length, kept)
    }
    log.event(name, fields)
  }
  return { log: { event } satisfies Log, list: (): readonly Misconfiguration[] => recent }
}
