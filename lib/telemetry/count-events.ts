import type { Log, LogEvent, LogFields } from './log.ts'
import type { Metrics } from './metrics.ts'

type Counts = { readonly [E in LogEvent]?: (fields: LogFields[E], metrics: Metrics) => void }

/** Which events are counted, and as what. Whoever writes an event needs to know nothing of it. */
const counts: Counts = {
  'sign_in.succeeded': (_, metrics) => {
    metrics.signIn('succeeded')
    metrics.session('begun', 'sign_in')
  },
  'sign_in.failed': ({ code }, metrics) => metrics.signIn(code),
  'sign_out.done': ({ reason }, metrics) => metrics.session('ended', reason),
  'session.moved': ({ what }, metrics) => metrics.session('moved', what),
  'request.suspicious': ({ what }, metrics) => metrics.session('suspicious', what),
  'token.refreshed': ({ waitedMs }, metrics) => metrics.refreshWaited(waitedMs),
  'store.unavailable': (_, metrics) => metrics.storeOutage(),
  'remote.circuit_opened': ({ remote }, metrics) => metrics.circuit(remote, true),
  'remote.circuit_closed': ({ remote }, metrics) => metrics.circuit(remote, false),
}

/** The same log, and what its events count for. */
export function countEvents(log: Log, metrics: Metrics): Log {
  return {
    event<E extends LogEvent>(event: E, fields: LogFields[E]): void {
      counts[event]?.(fields, metrics)
      log.event(event, fields)
    },
  }
}
