import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { listen } from './app.ts'

interface Value {
  readonly stringValue?: string
  readonly intValue?: string
}

export interface ReceivedSpan {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code: number }
  readonly attributes: Record<string, string | undefined>
}

/** Takes OTLP over HTTP in JSON, and keeps it. */
export interface Collector {
  readonly endpoint: string
  /** Bodies as they came. */
  readonly bodies: string[]
  readonly headers: Record<string, unknown>[]
  spans(): ReceivedSpan[]
  /** Names of the metrics that came. */
  metrics(): string[]
  /** What it answers from now on. @default 200 */
  answer(status: number): void
  close(): void
}

export async function startCollector(): Promise<Collector> {
  const received: { path: string; body: string }[] = []
  const headers: Record<string, unknown>[] = []
  let status = 200
  const server = createServer(async (request, response) => {
    received.push({ path: request.url ?? '', body: await text(request) })
    headers.push(request.headers)
    response.writeHead(status).end('{}')
  })
  const endpoint = await listen(server)
  const at = (path: string) => received.filter((it) => it.path === path)
  return {
    endpoint,
    headers,
    get bodies() {
      return received.map(({ body }) => body)
    },
    spans: () =>
      at('/v1/traces').flatMap(({ body }) =>
        JSON.parse(body).resourceSpans.flatMap((it: { scopeSpans: { spans: object[] }[] }) =>
          it.scopeSpans.flatMap(({ spans }) => spans.map((span) => named(span as Raw))),
        ),
      ),
    metrics: () =>
      at('/v1/metrics').flatMap(({ body }) =>
        JSON.parse(body).resourceMetrics.flatMap(
          (it: { scopeMetrics: { metrics: { name: string }[] }[] }) =>
            it.scopeMetrics.flatMap(({ metrics }) => metrics.map(({ name }) => name)),
        ),
      ),
    answer(next) {
      status = next
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

type Raw = Omit<ReceivedSpan, 'attributes'> & { attributes: { key: string; value: Value }[] }

function named(span: Raw): ReceivedSpan {
  const pairs = span.attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue])
  return { ...span, attributes: Object.fromEntries(pairs) }
}
