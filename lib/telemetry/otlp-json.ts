import type { AttributeValue } from '@opentelemetry/api'
import type { EndedSpan } from './recording-tracer.ts'
import type { Metric, Point, Registry } from './registry.ts'

/** Who sends: `service.name` and the like. */
export type Resource = Readonly<Record<string, string>>

/** ExportTraceServiceRequest of OTLP 1.x, in JSON. */
export function tracesRequest(resource: Resource, spans: readonly EndedSpan[]) {
  const scopes = Map.groupBy(spans, ({ scope }) => scope)
  const scopeSpans = [...scopes].map(([name, some]) => ({
    scope: { name },
    spans: some.map(spanOf),
  }))
  return { resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans }] }
}

/** ExportMetricsServiceRequest, cumulative since the registry was made. `now`: epoch milliseconds. */
export function metricsRequest(resource: Resource, registry: Registry, now: number) {
  const times = { startTimeUnixNano: nanos(registry.startedAt), timeUnixNano: nanos(now) }
  const metrics = registry.metrics().flatMap((metric): object[] => {
    const dataPoints = [...metric.points].map((point) => ({ ...times, ...pointOf(metric, point) }))
    const { name, unit, description, kind } = metric
    if (dataPoints.length === 0) return []
    if (kind === 'gauge') return [{ name, unit, description, gauge: { dataPoints } }]
    const data = { aggregationTemporality: cumulative, dataPoints }
    return kind === 'counter'
      ? [{ name, unit, description, sum: { ...data, isMonotonic: true } }]
      : [{ name, unit, description, histogram: data }]
  })
  const scopeMetrics = [{ scope: { name: 'cloakroom' }, metrics }]
  return { resourceMetrics: [{ resource: { attributes: attributesOf(resource) }, scopeMetrics }] }
}

const cumulative = 2

function spanOf({ context, parentSpanId, ...span }: EndedSpan) {
  const state = context.traceState?.serialize()
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    ...(state ? { traceState: state } : {}),
    flags: context.traceFlags,
    name: span.name,
    // The API counts from INTERNAL = 0, OTLP has UNSPECIFIED there.
    kind: span.kind + 1,
    startTimeUnixNano: nanos(span.startedAt),
    endTimeUnixNano: nanos(span.endedAt),
    attributes: attributesOf(span.attributes),
    status: { code: span.status.code },
  }
}

function pointOf({ bounds }: Metric, { attributes, value, counts }: Point) {
  const named = { attributes: attributesOf(attributes) }
  if (!bounds || !counts) return { ...named, asDouble: value }
  const count = String(counts.reduce((sum, each) => sum + each, 0))
  const bucketCounts = counts.map(String)
  return { ...named, count, sum: value, bucketCounts, explicitBounds: bounds }
}

function attributesOf(attributes: Readonly<Record<string, AttributeValue | undefined>>) {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: valueIn(value) }],
  )
}

function valueIn(value: AttributeValue): object {
  if (Array.isArray(value)) {
    const values = value
      .filter((it) => it !== null && it !== undefined)
      .map((it) => valueIn(it as string))
    return { arrayValue: { values } }
  }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  }
  return { stringValue: String(value) }
}

/** 64 bits do not fit into a number, so OTLP's JSON has them in text. */
function nanos(ms: number): string {
  const whole = Math.trunc(ms)
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6)))
}
