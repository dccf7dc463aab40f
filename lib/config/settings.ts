import type { OutgoingSettings } from '../http/outgoing.ts'
import type { ClientSettings } from './client.ts'
import type { Mode } from './env.ts'
import type { FrontendSettings } from './frontend.ts'
import type { Hooks } from './hooks.ts'
import type { LimitsSettings } from './limits.ts'
import type { ListenSettings } from './listen.ts'
import type { OidcSettings } from './oidc.ts'
import type { Paths } from './paths.ts'
import type { RemoteSettings } from './remote.ts'
import type { SessionSettings } from './session.ts'
import type { BackchannelSettings, FrontchannelSettings, LogoutSettings } from './sign-out.ts'
import type { SpaSettings } from './spa.ts'
import type { StoreSettings } from './store.ts'
import type { TelemetrySettings } from './telemetry.ts'
import type { TokensSettings } from './tokens.ts'
import type { TrustProxy } from './trust-proxy.ts'
import type { UserSettings } from './user.ts'

/** The checked settings, as every other part of the engine sees them. Made by `loadSettings`, never by hand. */
export interface Settings extends Paths, ListenSettings, TelemetrySettings {
  /** Which frontend these are of; left out in those of the top level. */
  readonly frontend?: FrontendSettings
  /** Of the top level: the settings of each frontend, whole. */
  readonly frontends: readonly Settings[]
  readonly mode: Mode
  readonly onVercel: boolean
  /** Scheme, host and port as the browser sees them, for example `https://app.example.com`. */
  readonly publicOrigin: string
  /** Newest first: the first seals, all unseal. */
  readonly secrets: readonly string[]
  readonly store: StoreSettings
  readonly trustProxy: TrustProxy
  readonly oidc: OidcSettings
  readonly session: SessionSettings
  readonly user: UserSettings
  readonly logout: LogoutSettings
  readonly backchannel: BackchannelSettings
  readonly frontchannel: FrontchannelSettings
  readonly spa: SpaSettings
  readonly tokens: TokensSettings
  /** Calls in flight, in one process. */
  readonly limits: LimitsSettings
  readonly remotes: Readonly<Record<string, RemoteSettings>>
  readonly clients: Readonly<Record<string, ClientSettings>>
  /** The way out, for the provider and the APIs alike. */
  readonly outgoing: OutgoingSettings
  readonly hooks: Hooks
}
