import type { Log } from './log.ts'
import { metricsRequest, type Resource, tracesRequest } from './otlp-json.ts'
import type { EndedSpan } from './recording-tracer.ts'
import type { Registry } from './registry.ts'

export interface OtlpSettings {
  /** Without `/v1/traces`, and without a slash at its end. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly resource: Resource
  /** Which part of the traces that begin here is recorded: 0 to 1. */
  readonly ratio: number
}

export interface OtlpExporter {
  span(span: EndedSpan): void
  /** Sends what is left, and nothing after that. Never rejects. */
  close(): Promise<void>
}

const spansEveryMs = 5_000
const metricsEveryMs = 60_000
const batch = 512
/** What a collector that is away costs at most; the oldest are kept. */
const mostWaiting = 4096
const patienceMs = 5_000

/**
 * Sends spans and metrics to a collector, as OTLP over HTTP in JSON. It never holds anything up: what cannot be sent
 * is dropped, and told once until it works again.
 */
export function createOtlpExporter(deps: {
  readonly otlp: OtlpSettings
  readonly registry: Registry
  readonly fetch: typeof fetch
  readonly log: Log
}): OtlpExporter {
  const { otlp, registry, log } = deps
  let waiting: EndedSpan[] = []
  let isDown = false
  const closing = new AbortController()

  async function send(signal: 'traces' | 'metrics', body: object): Promise<void> {
    try {
      const response = await deps.fetch(`${otlp.endpoint}/v1/${signal}`, {
        method: 'POST',
        headers: { ...otlp.headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(patienceMs), closing.signal]),
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`the collector answered ${response.status}`)
      isDown = false
    } catch (cause) {
      if (!isDown) log.event('telemetry.export_failed', { signal, cause })
      isDown = true
    }
  }

  async function sendSpans(): Promise<void> {
    while (waiting.length > 0 && !closing.signal.aborted) {
      const some = waiting.slice(0, batch)
      waiting = waiting.slice(batch)
      await send('traces', tracesRequest(otlp.resource, some))
    }
  }
  const sendMetrics = () => send('metrics', metricsRequest(otlp.resource, registry, Date.now()))

  const timers = [
    setInterval(() => void sendSpans(), spansEveryMs).unref(),
    setInterval(() => void sendMetrics(), metricsEveryMs).unref(),
  ]
  return {
    span(span) {
      if (waiting.length < mostWaiting) waiting.push(span)
    },
    async close() {
      for (const timer of timers) clearInterval(timer)
      // For all of it together: a server that stops has other things to do.
      const late = setTimeout(() => closing.abort(), patienceMs)
      await Promise.all([sendSpans(), sendMetrics()])
      clearTimeout(late)
    },
  }
}
