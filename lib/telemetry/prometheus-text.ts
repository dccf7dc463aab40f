import type { Attributes, Metric, Point, Registry } from './registry.ts'

export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * The registry in Prometheus' text format, named as the OpenTelemetry specification maps names: dots become
 * underscores, units stand behind, and `_total` behind what is counted.
 */
export function prometheusText(registry: Registry): string {
  return registry
    .metrics()
    .map((metric) => textOf(metric))
    .join('')
}

function textOf(metric: Metric): string {
  const name = prometheusName(metric)
  const lines = [...metric.points].flatMap((point) => samples(name, metric, point))
  if (lines.length === 0) return ''
  const head = [`# HELP ${name} ${metric.description}`, `# TYPE ${name} ${metric.kind}`]
  return `${[...head, ...lines].join('\n')}\n`
}

function prometheusName({ name, unit, kind }: Metric): string {
  const plain = name.replaceAll('.', '_')
  const withUnit = unit === 's' ? `${plain}_seconds` : plain
  return kind === 'counter' ? `${withUnit}_total` : withUnit
}

function samples(name: string, { bounds }: Metric, { attributes, value, counts }: Point): string[] {
  if (!bounds || !counts) return [`${name}${labels(attributes)} ${value}`]
  let count = 0
  const buckets = counts.map((each, i) => {
    count += each
    const le = i < bounds.length ? String(bounds[i]) : '+Inf'
    return `${name}_bucket${labels({ ...attributes, le })} ${count}`
  })
  const all = labels(attributes)
  return [...buckets, `${name}_sum${all} ${value}`, `${name}_count${all} ${count}`]
}

function labels(attributes: Attributes): string {
  const pairs = Object.entries(attributes).map(
    ([name, value]) => `${name.replaceAll('.', '_')}="${escaped(String(value))}"`,
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
