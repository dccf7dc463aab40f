import type { Config } from '../config/define-config.ts'
import { processEnvironment } from '../config/env.ts'
import { workerNumberIn } from '../config/listen.ts'
import { loadSettings } from '../config/load-settings.ts'
import { describeProblems, type Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'
import { createBff, type WholeBff } from '../frontends/create-bff.ts'
import { given } from '../http/given.ts'
import type { KeyValue } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { createPinoLog } from '../telemetry/pino-log.ts'
import { createGateWatch, type GateWatch, unguardedPages } from './guarded-pages.ts'
import { openTelemetry } from './open-telemetry.ts'
import { perProcess } from './per-process.ts'
import { createReload, type Reload } from './reload.ts'
import { spaProblem } from './spa-pages.ts'
import { startFailure } from './start-failure.ts'
import { unroutedPaths } from './unrouted-paths.ts'

export interface Engine {
  readonly ok: true
  /** Who opens its doors; undefined in server code without a host. */
  readonly host: 'node' | 'next' | 'web' | undefined
  readonly bff: WholeBff
  readonly log: Log
  readonly gate: GateWatch
  readonly reload: Reload
  /** With which it was started. */
  readonly config: Config
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
  const problemsOf = (it: Settings) => problemsOnHost(it, { host, ...given({ build }) })
  const problems = problemsOf(settings)
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
    const reload = createReload({
      ...{ config, problemsOf, log, frontends: engine.frontends },
      load: (config) => loadSettings({ config }),
    })
    return { ok: true, host, bff: { ...engine, close }, log, gate, reload, config }
  } catch (cause) {
    const failure = startFailure(cause, settings)
    if (!failure) throw cause
    return { ok: false, report: describeProblems([failure]) }
  }
}

/** What cannot work on this host, of every frontend. */
function problemsOnHost(
  settings: Settings,
  { host, build }: Pick<EngineOptions, 'host' | 'build'>,
): Problem[] {
  const isBuilt = build !== undefined && settings.mode !== 'development'
  const ofEach = [settings, ...settings.frontends].flatMap((its) => {
    const ofSpa = host === 'node' && build === undefined ? spaProblem(its) : undefined
    const found = [...(ofSpa ? [ofSpa] : []), ...(isBuilt ? unguardedPages(its, build) : [])]
    if (!its.frontend) return found
    const prefix = `frontends.${its.frontend.name}.`
    return found.map((it) => ({ ...it, setting: prefix + it.setting }))
  })
  return [...ofEach, ...(host === 'next' ? unroutedPaths(settings) : [])]
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
