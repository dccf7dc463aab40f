import type { Config } from '../config/define-config.ts'
import { loadSettings } from '../config/load-settings.ts'
import { describeProblems } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'
import type { KeyValue } from '../store/key-value.ts'
import { sharedEngine, startEngine } from './start-engine.ts'
import { type WebBff, webBffOf } from './web-bff.ts'

export type { LocalSession } from './local-session.ts'
export type { WebBff } from './web-bff.ts'
export type { WebInfo } from './web-door.ts'
export type { WebHandler } from './web-local.ts'

export interface WebBffOptions {
  /** One of your own, in place of the one that the settings name. `close()` closes it. */
  readonly store?: KeyValue
}

/** One engine a process, however often a development server loads the module that calls this. */
export function createWebBff(config: Config, { store }: WebBffOptions = {}): WebBff {
  async function engine() {
    const options = { host: 'web', ...(store ? { store } : {}) } as const
    const started = await sharedEngine(() => startEngine(config, options))
    if (!started.ok) throw new Error(started.report)
    // Its provider, its secret and its APIs would be those of the other one.
    if (!isSame(started.config, config)) throw new Error(calledTwice)
    return started
  }
  return webBffOf(engine, () => settingsOf(config))
}

const calledTwice =
  'cloakroom is in this process already, with another configuration: there is one engine a process. ' +
  'Name several apps under `frontends`; after a change of the configuration call `reload`, or start again.'

/** Without the functions, which a development server makes anew with the module. */
function isSame(one: Config, other: Config): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Once more, by itself: `handles` waits for no store. */
function settingsOf(config: Config): Settings {
  const loaded = loadSettings({ config })
  if (!loaded.ok) throw new Error(describeProblems(loaded.problems))
  return loaded.settings
}
