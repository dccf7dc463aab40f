import { accepted, type Parsed, refused } from './parsed.ts'

/** `'90s'`, `'30m'`, `'8h'`, `'7d'`, or a number of seconds. */
export type Duration = number | `${number}${'s' | 'm' | 'h' | 'd'}`

export interface DurationRange {
  /** Smallest value, as text for the message: `'60s'`. */
  readonly from: Duration
  readonly to: Duration
}

const secondsPerUnit = { s: 1, m: 60, h: 3600, d: 86_400 }
const pattern = /^(\d{1,9}(?:\.\d{1,3})?)([smhd])$/

/** Seconds, or undefined for what is no duration. */
export function durationSeconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
  const match = typeof value === 'string' ? pattern.exec(value) : null
  if (!match) return undefined
  return Number(match[1]) * secondsPerUnit[match[2] as keyof typeof secondsPerUnit]
}

/** A duration within its range, in seconds. */
export function parseDuration(value: unknown, range: DurationRange): Parsed<number> {
  const seconds = durationSeconds(value)
  if (seconds === undefined) {
    return refused('is not a duration', `write seconds, or '90s', '30m', '8h', '7d'`)
  }
  const { from, to } = range
  if (seconds < (durationSeconds(from) ?? 0)) {
    return refused('is too short', `use at least ${from}`)
  }
  if (seconds > (durationSeconds(to) ?? Number.POSITIVE_INFINITY)) {
    return refused('is too long', `use at most ${to}`)
  }
  return accepted(seconds)
}
