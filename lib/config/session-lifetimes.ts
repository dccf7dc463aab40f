import type { Report } from './report.ts'

export interface Lifetimes {
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly touchEverySeconds: number
}

/** The three durations of a session, which bound each other. */
export function sessionLifetimes(
  given: { idle: number; absolute: number; touchEvery?: number },
  report: Report,
): Lifetimes {
  const { idle, absolute } = given
  if (absolute < idle) {
    report.problem('session.absolute', 'is shorter than session.idle', `use at least ${idle}s`)
  }
  const longest = Math.floor(idle / 2)
  const touchEvery = given.touchEvery ?? Math.min(60, longest)
  // Uses within one interval are written once: a longer one would end sessions that are in use.
  if (touchEvery > longest) {
    report.problem('session.touchEvery', 'is longer than half of session.idle', `use ${longest}s`)
  }
  return { idleSeconds: idle, absoluteSeconds: absolute, touchEverySeconds: touchEvery }
}
