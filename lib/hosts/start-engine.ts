import { type Bff, createBff } from '../bff.ts'
import type { Config } from '../config/define-config.ts'
import { processEnvironment } from '../config/env.ts'
import { workerNumberIn } from '../config/listen.ts'
import { loadSettings } from '../config/load-settings.ts'
import { describeProblems } from '../config/report.ts'
import { given } from '../http/given.ts'
import type { KeyValue } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { createPinoLog } from '../telemetry/pino-log.ts'
import { createGateWatch, type GateWatch, unguardedPages } from './guarded-pages.ts'
import { openTelemetry } from './open-telemetry.ts'
import { perProcess } from './per-process.ts'
import { spaProblem } from './spa-pages.ts'
import { startFailure } from './start-failure.ts'
import { unroutedPaths } from './unrouted-paths.ts'

export interface Engine {
  readonly ok: true
  /** Who opens its doors; undefined in server code without a host. */
  readonly host: 'node' | 'next' | 'web' | undefined
  readonly bff: Bff
  readonly log: Log
  readonly gate: GateWatch
}

/** The running engine, or a text for the terminal that lists every problem of the configuration. */
export type EngineStart = Engine | { readonly ok: false; readonly report: string }

export interface EngineOptions {
  readonly host?: Engine['host']
  /** Where Next put what it built. */
  readonly build?: string
  /** @default the one that the settings name */
  readonly store?: KeyValue
  /** Whether traces may be sent without an SDK of the app: the process is ours alone. @default false */
  readonly exports?: boolean
}

/** Reads the settings, opens the store, and composes the engine. */
export async function startEngine(
  config: Config,
  { host, build, store, exports = false }: EngineOptions = {},
): Promise<EngineStart> {
  const loaded = loadSettings({ config })
  if (!loaded.ok) return { ok: false, report: describeProblems(loaded.problems) }
  const { settings, notes } = loaded
  const isBuilt = build !== undefined && settings.mode !== 'development'
  const ofSpa = host === 'node' && build === undefined ? spaProblem(settings) : undefined
  const problems = [
    ...(ofSpa ? [ofSpa] : []),
    ...(isBuilt ? unguardedPages(settings, build) : []),
    ...(host === 'next' ? unroutedPaths(settings) : []),
  ]
  if (problems.length > 0) return { ok: false, report: describeProblems(problems) }
  const log = createPinoLog({ level: settings.logLevel })
  for (const note of notes) log.event('config.note', { note })
  // Server code beside a host would find its port taken.
  const telemetry = host ? await openTelemetry(settings, { log, exports }) : undefined
  if (telemetry?.ok === false) return { ok: false, report: describeProblems([telemetry.problem]) }
  try {
    const engine = await createBff({
      ...{ settings, log },
      ...given({ store, registry: telemetry?.registry }),
    })
    // Of several workers one speaks for all.
    if (host && workerNumberIn(processEnvironment()) === 0) engine.begin()
    const close = async () => {
      await engine.close()
      await telemetry?.close()
    }
    const gate = createGateWatch(settings.spa.protectedPages, log)
    return { ok: true, host, bff: { ...engine, close }, log, gate }
  } catch (cause) {
    const failure = startFailure(cause, settings)
    if (!failure) throw cause
    return { ok: false, report: describeProblems([failure]) }
  }
}

/** Says in the log that the engine serves, where and as what. */
export function logStart(
  { bff, log }: Pick<Engine, 'bff' | 'log'>,
  host: 'node' | 'next',
  url: string,
): void {
  log.event('server.started', { url, host, store: bff.settings.store.kind, pid: process.pid })
}

const shared = perProcess<Promise<EngineStart>>('engine')

/** The one engine of the process, whichever copy of this module asks first. */
export function sharedEngine(start: () => Promise<EngineStart>): Promise<EngineStart> {
  return shared.getOrMake(start)
}
