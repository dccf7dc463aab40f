import { networkOf } from '../http/network.ts'
import type { Log, LogEvent, LogFields } from './log.ts'

/** Events that strangers cause at will. */
const limited = [
  'request.refused',
  'request.suspicious',
  'session.moved',
  'logout_token.refused',
  // An answer with an error needs no provider.
  'sign_in.failed',
] as const
type Limited = (typeof limited)[number]

/** So many of one kind and client in a minute, and one more that counts the rest. */
const told = 10
const windowMs = 60_000
/** Whoever comes from more places than this in a minute has the rest of them counted as one. */
const mostClients = 50

interface Window {
  readonly event: Limited
  readonly endsAt: number
  count: number
  /** Of those that were left out, the latest. */
  last: LogFields[Limited] | undefined
}

/**
 * A log that nobody can flood: of refused and hostile requests it tells each kind and client ten times a minute, and
 * then how many more there were. A kind is made of our own words only (event, code, route), so there are few of them,
 * and a flood of one hides no other.
 */
export function createRefusalLimit(log: Log, now: () => number): Log {
  /** By kind, then by client. */
  const kinds = new Map<string, Map<string, Window>>()
  let timer: NodeJS.Timeout | undefined

  function windowOf(event: Limited, fields: LogFields[Limited]): Window {
    const kind = kindOf(event, fields)
    const clients = kinds.get(kind) ?? new Map<string, Window>()
    kinds.set(kind, clients)
    const known = 'client' in fields ? networkOf(fields.client ?? '') : ''
    const client = clients.has(known) || clients.size < mostClients ? known : 'others'
    const window = clients.get(client) ?? {
      event,
      endsAt: now() + windowMs,
      count: 0,
      last: undefined,
    }
    clients.set(client, window)
    return window
  }

  /** Ends what is over, and tells how many were left out. */
  function sweep(): void {
    for (const [kind, clients] of kinds) {
      for (const [client, { event, endsAt, count, last }] of clients) {
        if (endsAt > now()) continue
        clients.delete(client)
        if (last) log.event(event, { ...last, suppressed: count - told })
      }
      if (clients.size === 0) kinds.delete(kind)
    }
    if (kinds.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    event<E extends LogEvent>(event: E, fields: LogFields[E]): void {
      if (!isLimited(event)) return void log.event(event, fields)
      sweep()
      timer ??= setInterval(sweep, windowMs).unref()
      const window = windowOf(event, fields as LogFields[Limited])
      window.count += 1
      if (window.count <= told) log.event(event, fields)
      else window.last = fields as LogFields[Limited]
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
