import type { Log, LogEvent, LogFields } from './log.ts'

/** Events that strangers cause at will. */
const limited = [
  'request.refused',
  'request.suspicious',
  'logout_token.refused',
  // An answer with an error needs no provider.
  'sign_in.failed',
] as const
type Limited = (typeof limited)[number]

/** So many of one kind at once, and one more a second. */
const burst = 20
const refillMs = 1000

interface Bucket {
  left: number
  filledAt: number
  suppressed: number
}

/**
 * A log that nobody can flood: of refused and hostile requests it tells each kind at most so often, and
 * with the next one that it tells how many it left out. A kind is made of our own words only (event, code,
 * route), so there are few of them, and a flood of one hides no other.
 */
export function createRefusalLimit(log: Log, now: () => number): Log {
  const buckets = new Map<string, Bucket>()

  function bucketOf(kind: string): Bucket {
    const at = now()
    const bucket = buckets.get(kind) ?? { left: burst, filledAt: at, suppressed: 0 }
    const gained = Math.floor((at - bucket.filledAt) / refillMs)
    if (gained > 0) {
      bucket.left = Math.min(burst, bucket.left + gained)
      bucket.filledAt += gained * refillMs
    }
    buckets.set(kind, bucket)
    return bucket
  }

  /** How many were left out before this one; undefined when this one is left out too. */
  function take(event: Limited, fields: LogFields[Limited]): number | undefined {
    const bucket = bucketOf(kindOf(event, fields))
    const { left, suppressed } = bucket
    bucket.left = Math.max(0, left - 1)
    bucket.suppressed = left === 0 ? suppressed + 1 : 0
    return left === 0 ? undefined : suppressed
  }

  return {
    event<E extends LogEvent>(event: E, fields: LogFields[E]): void {
      const suppressed = isLimited(event) ? take(event, fields as LogFields[Limited]) : 0
      if (suppressed === 0) log.event(event, fields)
      else if (suppressed !== undefined) log.event(event, { ...fields, suppressed })
    },
  }
}

function isLimited(event: LogEvent): event is Limited {
  return (limited as readonly LogEvent[]).includes(event)
}

function kindOf(event: Limited, fields: LogFields[Limited]): string {
  const route = 'route' in fields ? fields.route : ''
  if ('code' in fields) return `${event} ${fields.code} ${route}`
  return 'what' in fields ? `${event} ${fields.what}` : event
}
