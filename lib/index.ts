import type { ConfigOf } from './config/define-config.ts'
import type { WholeBff } from './frontends/create-bff.ts'
import { sharedEngine, startEngine } from './hosts/start-engine.ts'

export type { Bff } from './bff.ts'
export { type Config, type ConfigOf, defineConfig } from './config/define-config.ts'
export type { WholeBff } from './frontends/create-bff.ts'
export type { ClientTokenFor, ServerCode, TokenFor, Whose } from './server/server-code.ts'
export type { SessionAdministration, SessionSummary } from './server/session-administration.ts'
export { TokenUnavailableError } from './server/token-fetch.ts'
export {
  type Entry,
  type KeyValue,
  type MaybePromise,
  StoreFullError,
  StoreUnavailableError,
} from './store/key-value.ts'
export type { FailureReason, TokenFailure, TokenResult } from './tokens/token-result.ts'

/**
 * The engine of this process, for server code: started with the settings of the environment and `config`
 * on the first call, shared with the host after that. A worker without a host calls `close()` at its end.
 *
 * @throws Error that lists every problem of the configuration
 */
export async function openBff<Client extends string>(
  config: ConfigOf<Client>,
): Promise<WholeBff<Client>> {
  const started = await sharedEngine(() => startEngine(config))
  if (!started.ok) throw new Error(started.report)
  return started.bff
}
