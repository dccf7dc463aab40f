import type { Config } from '../config/define-config.ts'
import type { LoadedSettings } from '../config/load-settings.ts'
import { describeProblems, type Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'
import type { Frontends, Reloaded } from '../frontends/frontends.ts'
import type { Log } from '../telemetry/log.ts'

/** What became of a reload; a broken configuration changes nothing. */
export type ReloadResult =
  | ({ readonly ok: true } & Reloaded)
  | { readonly ok: false; readonly report: string }

/**
 * Reads the configuration once more, while calls go on: the one that is given, else the one of the start, or its
 * `BFF_CONFIG_FILE` as it stands now. Frontends come, go and change; what the environment says stays as it was. Never rejects for what is
 * wrong with the configuration.
 */
export type Reload = (config?: Config) => Promise<ReloadResult>

export interface ReloadDeps {
  readonly config: Config
  readonly load: (config: Config) => LoadedSettings
  readonly frontends: Pick<Frontends, 'reload'>
  /** What a host finds wrong with settings that are right by themselves. */
  readonly problemsOf: (settings: Settings) => readonly Problem[]
  readonly log: Log
}

export function createReload(deps: ReloadDeps): Reload {
  const { load, frontends, problemsOf, log } = deps
  let latest = deps.config
  return async (config = latest) => {
    const loaded = load(config)
    const problems = loaded.ok ? problemsOf(loaded.settings) : loaded.problems
    if (!loaded.ok || problems.length > 0) {
      const told = problems.map(({ setting, problem, fix }) => `${setting} ${problem}: ${fix}.`)
      log.event('config.reload_refused', { problems: told })
      return { ok: false, report: describeProblems(problems) }
    }
    latest = config
    const reloaded = frontends.reload(loaded.settings)
    log.event('config.reloaded', reloaded)
    return { ok: true, ...reloaded }
  }
}
