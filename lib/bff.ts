import type { Settings } from './config/settings.ts'
import { createTokenParameters } from './config/token-parameters.ts'
import type { Addressees, Backchannel } from './endpoints/backchannel.ts'
import { createBegin } from './endpoints/create-begin.ts'
import { createEndpoints } from './endpoints/create-endpoints.ts'
import { createEventStreams } from './endpoints/event-streams.ts'
import { createHealth, type Draining } from './endpoints/health.ts'
import { createForwardedTrust } from './http/forwarded.ts'
import type { Outgoing } from './http/outgoing.ts'
import { createProvider, type Provider } from './oidc/provider.ts'
import { remotesOf, resourcesOf, tellRefused } from './remote/asked-targets.ts'
import { certificatesByOrigin } from './remote/certificates.ts'
import { createRemote, type Remote } from './remote/remote.ts'
import { createRouter, type RequestInfo } from './router.ts'
import { createReadSession, type ReadSession } from './server/read-session.ts'
import { createServerCode, type ServerCode } from './server/server-code.ts'
import {
  createSessionAdministration,
  type SessionAdministration,
} from './server/session-administration.ts'
import { createTestSession, type TestSession } from './server/test-session.ts'
import { createCipher } from './session/cipher.ts'
import { createClaimsPolicy } from './session/claims.ts'
import { sessionKeyOf } from './session/keys.ts'
import { createSessionIndex } from './session/session-index.ts'
import { createSessions, type Decoded } from './session/sessions.ts'
import { createTickets, type RememberedTicket } from './session/ticket.ts'
import { createTransactions } from './session/transaction.ts'
import { type BoundedMap, partOf } from './store/bounded-map.ts'
import type { KeyValue } from './store/key-value.ts'
import { createPrefixed } from './store/prefixed.ts'
import { countEvents } from './telemetry/count-events.ts'
import { createAccessLog, type TellDone, tellAll } from './telemetry/done-requests.ts'
import { createRefusalLimit } from './telemetry/limit-refusals.ts'
import type { Log } from './telemetry/log.ts'
import type { Metrics } from './telemetry/metrics.ts'
import { createMovedSessions } from './telemetry/moved-sessions.ts'
import { observeProviderCalls } from './telemetry/observed-fetch.ts'
import { createRecentMisconfigurations } from './telemetry/recent-misconfigurations.ts'
import type { Tracing } from './telemetry/tracing.ts'
import { createTokens } from './tokens/create-tokens.ts'

/** What all frontends of a process have together. */
export interface Shared {
  readonly log: Log
  readonly store: KeyValue
  readonly metrics: Metrics
  readonly tracing: Tracing
  readonly outgoing: Outgoing
  /** What is remembered of tickets and records: bounded for all together. @default each has its own */
  readonly tickets?: BoundedMap<RememberedTicket> | undefined
  readonly records?: BoundedMap<Decoded> | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Which frontends a logout token may be for. */
  readonly addressees: Addressees
  /** For requests to the provider. @default one that goes out as the settings say */
  readonly fetch?: typeof fetch | undefined
  /** Between two looks for refresh tokens of sessions that are over. @default five minutes */
  readonly giveBackEveryMs?: number | undefined
}

/** The running engine of one frontend: what the hosts open their doors to. */
export interface Bff<Client extends string = string> extends ServerCode<Client>, Draining {
  readonly settings: Settings
  /** Whether a path is an endpoint's. */
  handlesPath(path: string): boolean
  /** To be told what a host answers by itself. */
  readonly onDone: TellDone
  /** Answers an endpoint. `target` is the path and query as received. Never rejects. */
  handle(request: Request, target: string, info: RequestInfo): Promise<Response>
  /** `Set-Cookie` values for a jar that is too large to be served: cookies of no use any more (S12). */
  expireStaleCookies(cookieHeader: string | undefined): string[]
  /** `/api/remote/*`. */
  readonly remote: Remote
  /** Streams of events and WebSockets that are open, ours and those of APIs. */
  readonly openStreams: number
  /** Before a shutdown: closes what would never end by itself, and what of that kind begins from now on. */
  endOpenEnded(): void
  /** Whether a cookie header belongs to a session; does not extend it. Rejects with StoreUnavailableError. */
  peekSession(cookieHeader: string | undefined): Promise<'signed-in' | 'anonymous'>
  /** The session of a cookie header, for server code. */
  readonly readSession: ReadSession
  /** Origins that signing in and out leads the browser to; undefined until the provider was asked. */
  readonly providerOrigins: Provider['providerOrigins']
  /**
   * For the start of a server: says which addresses have to be registered, and looks in the background for what would
   * fail later (A57).
   */
  begin(): void
  /** For server code: list and end sessions. */
  readonly sessions: SessionAdministration
  /** Takes logout tokens, by whichever frontend's endpoint they came. */
  readonly backchannel: Backchannel
  /** For `signIn` of `cloakroom/testing`. */
  readonly testSession: TestSession
  /** Breaks what is under way. The store is left to whoever opened it. */
  close(): Promise<void>
}

/** Between two looks at the sessions of open pages. Upstash is asked over the network each time. */
const lookMs = 500
const rareLookMs = 10_000

/** Composes the engine of one frontend from its settings. Asks nothing of the provider yet. */
export function composeBff(settings: Settings, shared: Shared): Bff {
  const { now, tracing, outgoing } = shared
  const { oidc, secrets, basePath, publicOrigin, frontend } = settings
  const metrics = frontend ? shared.metrics.ofFrontend(frontend.name) : shared.metrics
  const ownLog = (frontend && shared.log.ofFrontend?.(frontend.name)) ?? shared.log
  const store = createPrefixed(shared.store, frontend ? `frontend:${frontend.name}:` : '')
  const misconfigurations = createRecentMisconfigurations(ownLog, now)
  const log = countEvents(createRefusalLimit(misconfigurations.log, now), metrics)
  const onDone = tellAll([
    metrics.request,
    createMovedSessions(log),
    ...(settings.accessLog ? [createAccessLog(log)] : []),
  ])
  const cookies = { secure: publicOrigin.startsWith('https:'), ...settings.session }
  const ours = { issuer: oidc.issuer, clientId: oidc.clientId }
  const providerFetch = observeProviderCalls(shared.fetch ?? outgoing.plainFetch(() => oidc.tls), {
    onTokenRequest: metrics.tokenRequest,
    tracing,
  })
  const navigate = outgoing.navigate(() => oidc.tls)
  const parameters = createTokenParameters(settings.hooks)
  const provider = createProvider({
    oidc,
    redirectUri: `${publicOrigin}${settings.callbackPath}`,
    postLogoutRedirectUri: `${publicOrigin}${settings.logoutCallbackPath}`,
    parameters,
    fetch: providerFetch,
    now,
    log,
    resources: oidc.resources === 'token' ? [] : resourcesOf(settings.remotes),
    onRefusedResources: (...refused) => tellRefused(settings.remotes, log, ...refused),
  })
  const memory = <V>(whole: BoundedMap<V> | undefined) =>
    whole && frontend ? partOf(whole, `${frontend.name}:`) : whole
  const remembered = memory(shared.tickets)
  const tickets = createTickets({ secrets, ...cookies, now, remembered })
  const sessions = createSessions({
    store,
    cipher: createCipher(secrets, 'record'),
    tickets,
    decoded: memory(shared.records),
    index: createSessionIndex({ store, now }),
    log,
    now,
    renew: (session) => tokens.renewSession(session),
    onEnded: (key) => eventStreams.sawEnd(key),
    ...settings.session,
  })
  const transactions = createTransactions({
    secrets,
    ...cookies,
    ...ours,
    responseMode: oidc.responseMode,
    store,
    now,
  })
  const claims = createClaimsPolicy({
    allowed: settings.session.claims,
    transform: settings.hooks.claims,
  })
  const health = createHealth({ store, provider })
  const tokens = createTokens({
    ...{ settings, parameters, provider, sessions, store, claims, log, now },
    giveBackEveryMs: shared.giveBackEveryMs,
    remotesOf: (target) => remotesOf(settings.remotes, target),
  })
  const eventStreams = createEventStreams({
    ...{ sessions, endNotes: tokens.endNotes, now },
    everyMs: store.kind === 'upstash' ? rareLookMs : lookMs,
    onError: (cause) => log.event('unexpected.error', { where: 'session of a stream', cause }),
  })
  const endpoints = createEndpoints({
    ...{ settings, parameters, provider, sessions, transactions, claims, tokens, health, store },
    navigate,
    misconfigurations: misconfigurations.list,
    eventStreams,
    addressees: shared.addressees,
    ...{ log, now },
  })
  const router = createRouter({
    endpoints,
    paths: settings,
    publicOrigin,
    origins: settings.spa.origins,
    loginHref: `${basePath}/login`,
    home: `${settings.root}/`,
    errorPage: settings.spa.errorPage,
    trusts: createForwardedTrust(settings.trustProxy),
    expireStaleCookies: transactions.expireStale,
    log,
    onDone,
    countBodies: settings.accessLog,
    tracing,
    handleOf: settings.accessLog ? handleOf : undefined,
  })
  async function handleOf(cookies: string): Promise<string | undefined> {
    const read = await sessions.read(cookies, 'peek')
    return read.kind === 'session' ? read.session.record.handle : undefined
  }
  const remote = createRemote({
    ...{ settings, readSession: sessions.read, outgoing, log, now, onDone, tracing },
    ...tokens,
  })
  const start = createBegin({
    ...{ settings, provider, store, navigate, log },
    fetch: providerFetch,
  })

  return {
    ...createServerCode({
      sessions,
      keyOf: sessionKeyOf,
      remotes: settings.remotes,
      ...tokens,
      fetch: outgoing.fetch(certificatesByOrigin(settings.remotes)),
    }),
    isDraining: health.isDraining,
    drain: health.drain,
    settings,
    onDone,
    handlesPath: router.handles,
    handle: router.handle,
    expireStaleCookies: transactions.expireStale,
    remote,
    get openStreams() {
      return remote.openStreams + eventStreams.size
    },
    endOpenEnded() {
      remote.endOpenEnded()
      eventStreams.endAll()
    },
    backchannel: endpoints.backchannel,
    providerOrigins: provider.providerOrigins,
    readSession: createReadSession({ sessions, now }),
    async peekSession(cookieHeader) {
      const read = await sessions.read(cookieHeader, 'peek')
      return read.kind === 'session' ? 'signed-in' : 'anonymous'
    },
    sessions: createSessionAdministration({
      sessions,
      ...tokens,
      issuers: oidc.issuers,
      revoke: settings.logout.revoke,
    }),
    testSession: createTestSession({ settings, sessions, claims, parameters, now }),
    begin() {
      start.begin()
      // Where an instance lives for a request, others have to do it.
      if (!settings.onVercel) void tokens.giveBackTokens.begin()
    },
    async close() {
      start.end()
      eventStreams.endAll()
      tokens.giveBackTokens.end()
      await remote.close()
    },
  }
}
