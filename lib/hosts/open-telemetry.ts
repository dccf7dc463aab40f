import type { Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'
import { createOutgoing } from '../http/outgoing.ts'
import type { Log } from '../telemetry/log.ts'
import { createRegistry, type Registry } from '../telemetry/registry.ts'
import { startFailure } from './start-failure.ts'

/** What a process tells of itself besides its log. */
export interface OpenTelemetry {
  readonly ok: true
  /** Where to count; undefined while nobody would read it. */
  readonly registry: Registry | undefined
  /** Sends what is still to be sent. Never rejects. */
  close(): Promise<void>
}

/**
 * Opens what the settings ask for, and loads nothing else. `exports`: the process is ours alone, so it may send traces
 * without an SDK of the app.
 */
export async function openTelemetry(
  settings: Settings,
  { log, exports }: { readonly log: Log; readonly exports: boolean },
): Promise<OpenTelemetry | { readonly ok: false; readonly problem: Problem }> {
  const { metricsPort } = settings
  const otlp = exports ? settings.otlp : undefined
  if (metricsPort === undefined && !otlp)
    return { ok: true, registry: undefined, close: async () => {} }
  const registry = createRegistry()
  const open: { close(): unknown }[] = []
  try {
    if (metricsPort !== undefined) {
      const { listenForScrapes } = await import('./metrics-listener.ts')
      open.push(await listenForScrapes(registry, settings))
    }
  } catch (cause) {
    const problem = startFailure(cause, { ...settings, port: metricsPort ?? 0 })
    if (!problem) throw cause
    const setting = problem.setting === 'PORT' ? 'BFF_METRICS_PORT' : problem.setting
    return { ok: false, problem: { ...problem, setting } }
  }
  if (otlp) {
    const { startExporting } = await import('../telemetry/start-exporting.ts')
    const fetch = createOutgoing(settings.outgoing).fetch()
    open.push(startExporting({ otlp, registry, fetch, log }))
  }
  return {
    ok: true,
    registry,
    async close() {
      for (const each of open) await each.close()
    },
  }
}
