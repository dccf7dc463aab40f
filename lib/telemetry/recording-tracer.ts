import { randomBytes } from 'node:crypto'
import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Span,
  type SpanContext,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'

/** A span that has ended. Times are epoch milliseconds. */
export interface EndedSpan {
  readonly scope: string
  readonly name: string
  readonly kind: number
  readonly context: SpanContext
  readonly parentSpanId: string | undefined
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes: Attributes
  readonly status: SpanStatus
}

export interface RecordingTracerOptions {
  /** Which part of the traces that begin here is recorded: 0 to 1. Those that began elsewhere go by their own flag. */
  readonly ratio: number
  readonly onEnd: (span: EndedSpan) => void
}

/**
 * The part of a tracing SDK that is needed here: spans with attributes and a status, of which those that are sampled
 * are handed on when they end. Events, links and exceptions are taken and dropped: our own spans have none.
 */
export function createTracerProvider({ ratio, onEnd }: RecordingTracerOptions): TracerProvider {
  function startSpan(scope: string, name: string, options: SpanOptions, from: Context): Span {
    const parent = options.root ? undefined : trace.getSpanContext(from)
    const known = parent && isSpanContextValid(parent) ? parent : undefined
    const isSampled = known ? (known.traceFlags & TraceFlags.SAMPLED) !== 0 : Math.random() < ratio
    const spanContext: SpanContext = {
      traceId: known?.traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      ...(known?.traceState ? { traceState: known.traceState } : {}),
    }
    if (!isSampled) return trace.wrapSpanContext(spanContext)
    const start = { scope, name, kind: options.kind ?? 0, parentSpanId: known?.spanId }
    return recordingSpan(spanContext, { ...start, attributes: options.attributes ?? {} }, onEnd)
  }

  const tracerOf = (scope: string): Tracer => {
    const start: Tracer['startSpan'] = (name, options = {}, from = context.active()) =>
      startSpan(scope, name, options, from)
    return {
      startSpan: start,
      startActiveSpan(name: string, ...rest: unknown[]) {
        const work = rest.pop() as (span: Span) => unknown
        const [options, from = context.active()] = rest as [SpanOptions?, Context?]
        const span = start(name, options, from)
        return context.with(trace.setSpan(from, span), work, undefined, span) as never
      },
    }
  }
  return { getTracer: tracerOf }
}

type Start = Pick<EndedSpan, 'scope' | 'name' | 'kind' | 'parentSpanId' | 'attributes'>

function recordingSpan(
  spanContext: SpanContext,
  start: Start,
  onEnd: (span: EndedSpan) => void,
): Span {
  const startedAt = Date.now()
  const from = performance.now()
  const attributes: Attributes = { ...start.attributes }
  let { name } = start
  let status: SpanStatus = { code: SpanStatusCode.UNSET }
  let isOver = false
  const span: Span = {
    spanContext: () => spanContext,
    isRecording: () => !isOver,
    setAttribute(key, value) {
      attributes[key] = value
      return span
    },
    setAttributes(more) {
      Object.assign(attributes, more)
      return span
    },
    setStatus(given) {
      status = given
      return span
    },
    updateName(given) {
      name = given
      return span
    },
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    recordException: () => {},
    end() {
      if (isOver) return
      isOver = true
      const endedAt = startedAt + performance.now() - from
      onEnd({ ...start, name, context: spanContext, startedAt, endedAt, attributes, status })
    },
  }
  return span
}
