import {
  type Context,
  context,
  createTraceState,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

/** W3C Trace Context, as it stands in headers. */
export interface TraceHeaders {
  readonly traceparent: string
  readonly tracestate?: string | undefined
}

/** What is said of a request of a browser. Never a query; a path only where it is one of the settings. */
export interface ServedRequest {
  /** Of low cardinality, and no path: `GET orders`, `sign-in callback`. */
  readonly name: string
  readonly method: string
  readonly route: string
  readonly remote?: string
  /** The caller's, if it is sound. */
  readonly parent: TraceHeaders | undefined
}

export interface ServedSpan {
  /** What is begun in there belongs to it. */
  run<T>(work: () => T): T
  /** A request that goes out for it; answers what to send along. `origin`: whereto. */
  outgoing(method: string, origin: string): TraceHeaders
  /** Ends it, and what went out for it. */
  end(status: number): void
}

/** Spans of the SDK that is registered, if there is one; without it nothing is made, and nothing made up. */
export interface Tracing {
  readonly isOn: boolean
  /** To be asked only when it is on. */
  serve(request: ServedRequest): ServedSpan
  /** A span around what another server is asked. The work is given the headers that carry the trace on. */
  ask<T>(
    name: string,
    attributes: Readonly<Record<string, string | number>>,
    work: (headers: TraceHeaders, tell: (status: number) => void) => Promise<T>,
  ): Promise<T>
  /** As `ask`, for a store; without a span when it is off. */
  storeCommand<T>(store: string, command: string, send: () => Promise<T>): Promise<T>
}

const none = new ProxyTracerProvider().getDelegate()

export function createTracing(): Tracing {
  const tracer = () => trace.getTracer('cloakroom')

  const tracing: Tracing = {
    get isOn() {
      const provider = trace.getTracerProvider()
      return !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== none
    },
    storeCommand(store, command, send) {
      if (!tracing.isOn) return send()
      const attributes = { 'db.system.name': store, 'db.operation.name': command }
      return tracing.ask(`store ${command}`, attributes, send)
    },
    serve({ name, method, route, remote, parent }) {
      const active = context.active()
      // Where the framework has a span for the request already, ours is within.
      const isWithin = trace.getSpan(active) !== undefined
      const from = isWithin ? active : contextOf(parent)
      const attributes = {
        'http.request.method': method,
        'http.route': route,
        ...(remote === undefined ? {} : { remote }),
      }
      const kind = isWithin ? SpanKind.INTERNAL : SpanKind.SERVER
      const span = tracer().startSpan(name, { kind, attributes }, from)
      const inside = trace.setSpan(from, span)
      let out: Span | undefined
      return {
        run: (work) => context.with(inside, work),
        outgoing(outMethod, origin) {
          const options = {
            kind: SpanKind.CLIENT,
            attributes: { 'http.request.method': outMethod, ...serverOf(origin) },
          }
          out = tracer().startSpan(outMethod, options, inside)
          return headersOf(out)
        },
        end(status) {
          if (out) endWith(out, status, 400)
          endWith(span, status, 500)
        },
      }
    },
    async ask(name, attributes, work) {
      const span = tracer().startSpan(name, { kind: SpanKind.CLIENT, attributes })
      const inside = trace.setSpan(context.active(), span)
      try {
        const tell = (status: number) => setStatus(span, status, 400)
        return await context.with(inside, () => work(headersOf(span), tell))
      } catch (cause) {
        span.setStatus({ code: SpanStatusCode.ERROR })
        span.setAttribute('error.type', cause instanceof Error ? cause.name : '_OTHER')
        throw cause
      } finally {
        span.end()
      }
    },
  }
  return tracing
}

/** `server.address` and `server.port` of an origin, as the semantic conventions have them. */
export function serverOf(origin: string): Record<string, string | number> {
  const { hostname, port, protocol } = new URL(origin)
  const known = port || (protocol === 'https:' ? '443' : '80')
  return { 'server.address': hostname, 'server.port': Number(known) }
}

function contextOf(parent: TraceHeaders | undefined): Context {
  if (!parent) return ROOT_CONTEXT
  const [, traceId = '', spanId = '', flags = '00'] = parent.traceparent.split('-')
  return trace.setSpanContext(ROOT_CONTEXT, {
    ...{ traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true },
    ...(parent.tracestate ? { traceState: createTraceState(parent.tracestate) } : {}),
  })
}

function headersOf(span: Span): TraceHeaders {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  const tracestate = traceState?.serialize() || undefined
  return { traceparent: `00-${traceId}-${spanId}-0${traceFlags & 1}`, tracestate }
}

function endWith(span: Span, status: number, errorFrom: number): void {
  setStatus(span, status, errorFrom)
  span.end()
}

/** The semantic conventions: a 4xx is an error of whoever asked. */
function setStatus(span: Span, status: number, errorFrom: number): void {
  span.setAttribute('http.response.status_code', status)
  if (status < errorFrom) return
  span.setAttribute('error.type', String(status))
  span.setStatus({ code: SpanStatusCode.ERROR })
}
