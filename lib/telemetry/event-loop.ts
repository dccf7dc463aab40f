import { monitorEventLoopDelay } from 'node:perf_hooks'

type IntervalHistogram = ReturnType<typeof monitorEventLoopDelay>

type Reading = 'min' | 'max' | 'mean' | 'stddev' | 'p50' | 'p90' | 'p99'

/** Seconds by which timers come late, as the semantic conventions for Node name them; empty while nothing is known. */
export type EventLoop = Readonly<Record<Reading, () => number[]>>

const resolutionMs = 20
/** All that is read within it is one look. */
const lookMs = 1000

/** Measures since the last look, and nothing at all before the first one. */
export function eventLoopGauges(): EventLoop {
  let histogram: IntervalHistogram | undefined
  let seen: Record<Reading, number> | undefined
  let seenAt = Number.NEGATIVE_INFINITY

  function look(): typeof seen {
    if (performance.now() - seenAt < lookMs) return seen
    seenAt = performance.now()
    if (!histogram) {
      histogram = monitorEventLoopDelay({ resolution: resolutionMs })
      histogram.enable()
      return undefined
    }
    if (histogram.count > 0) seen = readingsOf(histogram)
    histogram.reset()
    return seen
  }

  const read = (reading: Reading) => () => {
    const value = look()?.[reading]
    return value === undefined ? [] : [value]
  }
  return {
    ...{ min: read('min'), max: read('max'), mean: read('mean'), stddev: read('stddev') },
    ...{ p50: read('p50'), p90: read('p90'), p99: read('p99') },
  }
}

function readingsOf(it: IntervalHistogram): Record<Reading, number> {
  // What is measured is the time between two ticks, of which the interval itself is no delay.
  const late = (ns: number) => Math.max(0, ns / 1e9 - resolutionMs / 1000)
  return {
    ...{ min: late(it.min), max: late(it.max), mean: late(it.mean), stddev: it.stddev / 1e9 },
    ...{ p50: late(it.percentile(50)), p90: late(it.percentile(90)), p99: late(it.percentile(99)) },
  }
}
