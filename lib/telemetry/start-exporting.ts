import { context, trace } from '@opentelemetry/api'
import { createAsyncContext } from './async-context.ts'
import { createOtlpExporter, type OtlpExporter } from './otlp-exporter.ts'
import { createTracerProvider } from './recording-tracer.ts'

type ExporterDeps = Parameters<typeof createOtlpExporter>[0]

/**
 * Registers a tracer of our own with the OpenTelemetry API, and sends what it records. Where an SDK is registered
 * already (`--import`), traces stay that one's, and metrics are sent by us.
 */
export function startExporting(deps: ExporterDeps): Pick<OtlpExporter, 'close'> {
  const exporter = createOtlpExporter(deps)
  const provider = createTracerProvider({ ratio: deps.otlp.ratio, onEnd: exporter.span })
  const isOurs = trace.setGlobalTracerProvider(provider)
  if (isOurs) context.setGlobalContextManager(createAsyncContext())
  return {
    async close() {
      if (isOurs) {
        trace.disable()
        context.disable()
      }
      await exporter.close()
    },
  }
}
