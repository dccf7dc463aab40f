import { type Bff, composeBff } from '../bff.ts'
import type { Settings } from '../config/settings.ts'
import { createOutgoing } from '../http/outgoing.ts'
import { createRecordMemory } from '../session/sessions.ts'
import { createTicketMemory } from '../session/ticket.ts'
import type { KeyValue } from '../store/key-value.ts'
import { openStore } from '../store/open-store.ts'
import { watchCommands } from '../store/watch-commands.ts'
import type { StoreEvents } from '../store/watch-health.ts'
import { countEvents } from '../telemetry/count-events.ts'
import type { Log } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { Registry } from '../telemetry/registry.ts'
import { createTracing } from '../telemetry/tracing.ts'
import { createFrontends, type Frontends } from './frontends.ts'

export interface BffOptions {
  readonly settings: Settings
  readonly log: Log
  /** @default the one that the settings name */
  readonly store?: KeyValue
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
  /** Where to count. @default only in an OpenTelemetry SDK that the app has registered */
  readonly registry?: Registry
  /** For requests to the provider. @default one that goes out as the settings say */
  readonly fetch?: typeof fetch
  /** Between two looks for refresh tokens of sessions that are over. @default five minutes */
  readonly giveBackEveryMs?: number
}

/** The engine of the top level as it was at the start, and what holds for all frontends. */
export interface WholeBff<Client extends string = string> extends Bff<Client> {
  /** Every frontend, the top level among them. A server asks it whose a request is. */
  readonly frontends: Frontends
  /** Of the store too. */
  close(): Promise<void>
}

/** Opens the store, and composes the engines of all frontends. Asks nothing of a provider yet. */
export async function createBff(options: BffOptions): Promise<WholeBff> {
  const { settings, now = Date.now } = options
  const all = [settings, ...settings.frontends]
  const metrics = createMetrics({
    registry: options.registry,
    scheme: settings.publicOrigin.split(':', 1)[0] ?? '',
    remotes: Object.keys(settings.remotes),
  })
  for (const { frontend, remotes } of all) {
    const ofFrontend = frontend && metrics.ofFrontend(frontend.name)
    for (const remote of Object.keys(remotes)) ofFrontend?.circuit(remote, false)
  }
  const tracing = createTracing()
  const log = countEvents(options.log, metrics)
  const opened = options.store ?? (await openStore(settings.store, storeEvents(log)))
  const store = watchCommands(opened, (command, send) =>
    metrics.storeCommand(command, tracing.storeCommand(opened.kind, command, send)),
  )
  const shared = {
    ...{ log: options.log, store, metrics, tracing, now },
    ...{ tickets: createTicketMemory(), records: createRecordMemory() },
    outgoing: createOutgoing(settings.outgoing),
    addressees: (...named: Parameters<Frontends['addressees']>) => frontends.addressees(...named),
    fetch: options.fetch,
    giveBackEveryMs: options.giveBackEveryMs,
  }
  const frontends = createFrontends(settings, (each) => composeBff(each, shared))
  metrics.streams(() => frontends.openStreams)
  return {
    ...frontends.top(),
    frontends,
    begin: frontends.begin,
    drain: frontends.drain,
    endOpenEnded: frontends.endOpenEnded,
    get openStreams() {
      return frontends.openStreams
    },
    async close() {
      await frontends.close()
      await store.close()
    },
  }
}

function storeEvents(log: Log): StoreEvents {
  return {
    onDown: (outage) => log.event('store.unavailable', outage),
    onUp: (outage) => log.event('store.recovered', outage),
    onExposed: (exposed) => log.event('store.exposed', exposed),
  }
}
