import type { Config } from '../config/define-config.ts'
import type { KeyValue } from '../store/key-value.ts'
import { type Cloakroom, cloakroomOf } from './cloakroom.ts'
import { startEngine } from './start-engine.ts'

export type { Cloakroom } from './cloakroom.ts'
export type { LocalSession } from './local-session.ts'
export type { Next } from './node-handler.ts'
export type { LocalHandler } from './node-protect.ts'
export { type ServeOptions, serve } from './serve.ts'
export type { PageHandler } from './spa-pages.ts'

export interface CloakroomOptions {
  /** One of your own, in place of the one that the settings name. `close()` closes it. */
  readonly store?: KeyValue
}

/**
 * The engine, started with the settings of the environment and `config`. Each call starts one: keep it.
 *
 * @throws Error that lists every problem of the configuration
 */
export async function createCloakroom(
  config: Config,
  { store }: CloakroomOptions = {},
): Promise<Cloakroom> {
  const started = await startEngine(config, { host: 'node', ...(store ? { store } : {}) })
  if (!started.ok) throw new Error(started.report)
  return cloakroomOf(started)
}
