/** Values of attributes come from lists of ours, so their number is bounded: see `metrics.ts`. */
export type Attributes = Readonly<Record<string, string | number>>

/** One metric, as OpenTelemetry names it. */
export interface MetricName {
  readonly name: string
  /** UCUM: `s`, or `{request}` for what is counted. */
  readonly unit: string
  readonly description: string
}

export interface Point {
  readonly attributes: Attributes
  /** Of a histogram: the sum. */
  value: number
  /** Of a histogram: how many values were at most each of the bounds, and how many above the last. */
  readonly counts?: number[]
}

export interface Metric extends MetricName {
  readonly kind: 'counter' | 'histogram' | 'gauge'
  readonly bounds?: readonly number[]
  readonly points: Iterable<Point>
}

/** What was counted in this process since `startedAt` (epoch milliseconds). */
export interface Registry {
  readonly startedAt: number
  counter(name: MetricName): Series
  histogram(name: MetricName, bounds: readonly number[]): Series
  /** Read when somebody looks. */
  gauge(name: MetricName, read: () => Iterable<Point>): void
  metrics(): Metric[]
}

export interface Series {
  /** Adds to a counter, or records in a histogram. `key` stands for the attributes, which are read once for each. */
  add(key: string, attributes: Attributes, value: number): void
}

/** Beyond it nothing new is counted apart: a mistake of ours must not fill the memory. */
const mostPoints = 2000
const overflow = { 'otel.metric.overflow': 'true' }

/**
 * Counts in place: a call looks up its series by one short text. The metrics SDK sorts and serialises the attributes
 * of every call, which costs the hot path more than all of our own rules.
 */
export function createRegistry(): Registry {
  const all: Metric[] = []

  function series(metric: Omit<Metric, 'points'>): Series {
    const { bounds } = metric
    const points = new Map<string, Point>()
    all.push({ ...metric, points: { [Symbol.iterator]: () => points.values() } })
    const create = (attributes: Attributes): Point =>
      bounds
        ? { attributes, value: 0, counts: Array<number>(bounds.length + 1).fill(0) }
        : { attributes, value: 0 }
    return {
      add(key, attributes, value) {
        let point = points.get(key)
        if (!point) {
          const isFull = points.size >= mostPoints
          point = (isFull && points.get('')) || create(isFull ? overflow : attributes)
          points.set(isFull ? '' : key, point)
        }
        point.value += value
        if (!bounds || !point.counts) return
        const bucket = bucketOf(bounds, value)
        point.counts[bucket] = (point.counts[bucket] ?? 0) + 1
      },
    }
  }

  return {
    startedAt: Date.now(),
    counter: (name) => series({ ...name, kind: 'counter' }),
    histogram: (name, bounds) => series({ ...name, kind: 'histogram', bounds }),
    gauge(name, read) {
      all.push({
        ...name,
        kind: 'gauge',
        points: { [Symbol.iterator]: () => read()[Symbol.iterator]() },
      })
    },
    metrics: () => all,
  }
}

function bucketOf(bounds: readonly number[], value: number): number {
  for (let i = 0; i < bounds.length; i += 1) if (value <= (bounds[i] as number)) return i
  return bounds.length
}
