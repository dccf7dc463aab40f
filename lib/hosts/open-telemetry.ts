import type { Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'
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

/** Opens what the settings ask for, and loads nothing else. */
export async function openTelemetry(
  settings: Settings,
): Promise<OpenTelemetry | { readonly ok: false; readonly problem: Problem }> {
  const { metricsPort } = settings
  if (metricsPort === undefined) return { ok: true, registry: undefined, close: async () => {} }
  const registry = createRegistry()
  try {
    const { listenForScrapes } = await import('./metrics-listener.ts')
    const listener = await listenForScrapes(registry, settings)
    return { ok: true, registry, close: async () => listener.close() }
  } catch (cause) {
    const problem = startFailure(cause, { ...settings, port: metricsPort })
    if (!problem) throw cause
    const setting = problem.setting === 'PORT' ? 'BFF_METRICS_PORT' : problem.setting
    return { ok: false, problem: { ...problem, setting } }
  }
}
