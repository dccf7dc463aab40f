import { createNoopMeter, type Meter, type MeterProvider, metrics } from '@opentelemetry/api'
import type { Attributes, MetricName, Point } from './registry.ts'

export interface ApiSeries {
  add(attributes: Attributes, value: number): void
}

/** The instruments of the SDK that the app has registered, if it has one. */
export interface ApiInstruments {
  counter(name: MetricName): ApiSeries
  histogram(name: MetricName, bounds: readonly number[]): ApiSeries
  gauge(name: MetricName, read: () => Iterable<Point>): void
  /** Whether there is an SDK. */
  readonly isOn: boolean
}

const off: ApiSeries = { add: () => {} }

/**
 * Instruments of the OpenTelemetry API. An SDK may be registered at any time, later than ours are made, and
 * instruments belong to the SDK that made them: they are made anew when another one is there.
 */
export function createApiInstruments(): ApiInstruments {
  let provider: MeterProvider | undefined
  let meter: Meter | undefined
  let generation = 0
  const gauges: ((meter: Meter) => void)[] = []

  function current(): Meter | undefined {
    const now = metrics.getMeterProvider()
    if (now === provider) return meter
    provider = now
    generation += 1
    const found = now.getMeter('cloakroom')
    meter = found === createNoopMeter() ? undefined : found
    if (meter) for (const observe of gauges) observe(meter)
    return meter
  }

  function series(make: (meter: Meter) => ApiSeries): ApiSeries {
    let made = off
    let madeIn = -1
    return {
      add(attributes, value) {
        const meterNow = current()
        if (madeIn !== generation) {
          made = meterNow ? make(meterNow) : off
          madeIn = generation
        }
        made.add(attributes, value)
      },
    }
  }

  return {
    counter: ({ name, ...options }) =>
      series((it) => {
        const counter = it.createCounter(name, options)
        return { add: (attributes, value) => counter.add(value, attributes) }
      }),
    histogram: ({ name, ...options }, bounds) =>
      series((it) => {
        const advice = { explicitBucketBoundaries: [...bounds] }
        const histogram = it.createHistogram(name, { ...options, advice })
        return { add: (attributes, value) => histogram.record(value, attributes) }
      }),
    gauge({ name, ...options }, read) {
      const observe = (it: Meter) =>
        it.createObservableGauge(name, options).addCallback((result) => {
          for (const { attributes, value } of read()) result.observe(value, attributes)
        })
      gauges.push(observe)
      if (meter) observe(meter)
    },
    get isOn() {
      return current() !== undefined
    },
  }
}
