import { ownPathsOf } from './config/paths.ts'
import type { Settings } from './config/settings.ts'
import { createTokenParameters } from './config/token-parameters.ts'
import { createBackchannel } from './endpoints/backchannel.ts'
import { createCallback } from './endpoints/callback.ts'
import { createDiagnostics } from './endpoints/diagnostics.ts'
import { createFrontchannel } from './endpoints/frontchannel.ts'
import { createHealth, type Draining } from './endpoints/health.ts'
import { createLogin } from './endpoints/login.ts'
import { createLogout } from './endpoints/logout.ts'
import { createLogoutCallback } from './endpoints/logout-callback.ts'
import { createProviderSignOut } from './endpoints/provider-sign-out.ts'
import { createSignOutAddress } from './endpoints/sign-out-address.ts'
import { createSilentLoginCallback } from './endpoints/silent-login-callback.ts'
import { createStartSignIn } from './endpoints/start-sign-in.ts'
import { createUser } from './endpoints/user.ts'
import { createForwardedTrust } from './http/forwarded.ts'
import { createOutgoing } from './http/outgoing.ts'
import { createNonceMemory } from './oidc/nonce-memory.ts'
import { createProvider, type Provider } from './oidc/provider.ts'
import { createRedirectUriProbe } from './oidc/redirect-uri-probe.ts'
import { remotesOf, resourcesOf, tellRefused } from './remote/asked-targets.ts'
import { certificatesByOrigin } from './remote/certificates.ts'
import { createRemote, type Remote } from './remote/remote.ts'
import { createRouter, type Endpoints, type RequestInfo } from './router.ts'
import { createReadSession, type ReadSession } from './server/read-session.ts'
import { createServerCode, type ServerCode } from './server/server-code.ts'
import {
  createSessionAdministration,
  type SessionAdministration,
} from './server/session-administration.ts'
import { createCipher } from './session/cipher.ts'
import { createClaimsPolicy } from './session/claims.ts'
import { createClearApiCookies } from './session/clear-api-cookies.ts'
import { createEndedSignIns } from './session/ended-sign-ins.ts'
import { sessionKeyOf } from './session/keys.ts'
import { createSeal } from './session/seal.ts'
import { createSessionIndex } from './session/session-index.ts'
import { createSessions } from './session/sessions.ts'
import { createTickets } from './session/ticket.ts'
import { createTransactions } from './session/transaction.ts'
import type { KeyValue } from './store/key-value.ts'
import { openStore } from './store/open-store.ts'
import type { StoreEvents } from './store/watch-health.ts'
import { createRefusalLimit } from './telemetry/limit-refusals.ts'
import type { Log } from './telemetry/log.ts'
import { createRecentMisconfigurations } from './telemetry/recent-misconfigurations.ts'
import { createDpopSigners } from './tokens/dpop.ts'
import { createEndSession } from './tokens/end-session.ts'
import { createEndSessions } from './tokens/end-sessions.ts'
import { createExchangedToken } from './tokens/exchanged-token.ts'
import { createMachineToken } from './tokens/machine-token.ts'
import { createCheckAudience } from './tokens/named-audience.ts'
import { createRefreshGrant } from './tokens/refresh-grant.ts'
import { createReplacedSessions } from './tokens/replaced-session.ts'
import { createRevocation } from './tokens/revocation.ts'
import { createSignInSlot } from './tokens/sign-in-slot.ts'
import { createUserToken } from './tokens/user-token.ts'

export interface BffOptions {
  readonly settings: Settings
  readonly log: Log
  /** @default the one that the settings name */
  readonly store?: KeyValue
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
  /** For requests to the provider. @default one that goes out as the settings say */
  readonly fetch?: typeof fetch
}

/** The running engine: what the hosts open their doors to. */
export interface Bff extends ServerCode, Draining {
  readonly settings: Settings
  /** Whether a path is an endpoint's. */
  handlesPath(path: string): boolean
  /** Answers an endpoint. `target` is the path and query as received. Never rejects. */
  handle(request: Request, target: string, info: RequestInfo): Promise<Response>
  /** `Set-Cookie` values for a jar that is too large to be served: cookies of no use any more (S12). */
  expireStaleCookies(cookieHeader: string | undefined): string[]
  /** `/api/remote/*`. */
  readonly remote: Remote
  /** Whether a cookie header belongs to a session; does not extend it. Rejects with StoreUnavailableError. */
  peekSession(cookieHeader: string | undefined): Promise<'signed-in' | 'anonymous'>
  /** The session of a cookie header, for server code. */
  readonly readSession: ReadSession
  /** Origins that signing in and out leads the browser to; undefined until the provider was asked. */
  readonly providerOrigins: Provider['providerOrigins']
  /** For server code: list and end sessions. */
  readonly sessions: SessionAdministration
  close(): Promise<void>
}

/** Composes the engine from its settings. Asks nothing of the provider yet. */
export async function createBff(options: BffOptions): Promise<Bff> {
  const { settings, now = Date.now } = options
  const { oidc, secrets, basePath, publicOrigin } = settings
  const misconfigurations = createRecentMisconfigurations(options.log, now)
  const log = createRefusalLimit(misconfigurations.log, now)
  const store = options.store ?? (await openStore(settings.store, storeEvents(log)))
  const cookies = { secure: publicOrigin.startsWith('https:'), ...settings.session }
  const returnUrls = { publicOrigin, origins: settings.spa.origins, ownPaths: ownPathsOf(settings) }
  const loginHref = `${basePath}/login`
  const ours = { issuer: oidc.issuer, clientId: oidc.clientId }
  const redirectUri = `${publicOrigin}${settings.callbackPath}`
  const outgoing = createOutgoing(settings.outgoing)
  const navigate = outgoing.navigate(() => oidc.tls)
  const providerFetch = options.fetch ?? outgoing.fetch(() => oidc.tls)
  const parameters = createTokenParameters(settings.hooks)
  const provider = createProvider({
    oidc,
    redirectUri,
    postLogoutRedirectUri: `${publicOrigin}${settings.logoutCallbackPath}`,
    parameters,
    fetch: providerFetch,
    now,
    log,
    resources: resourcesOf(settings.remotes),
    onRefusedResources: (...refused) => tellRefused(settings.remotes, log, ...refused),
  })
  const tickets = createTickets({ secrets, ...cookies, now })
  const sessions = createSessions({
    store,
    cipher: createCipher(secrets, 'record'),
    tickets,
    index: createSessionIndex({ store, now }),
    log,
    now,
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
  const signer = createDpopSigners({ nonces: createNonceMemory() })
  const revoke = createRevocation({
    provider,
    oidc,
    signer: createDpopSigners({ nonces: provider.nonces }),
    log,
  })
  const replaced = createReplacedSessions({ store, sessions })
  const checkAudience = createCheckAudience({ log, remotes: settings.remotes })
  const ofTokens = { provider, parameters, signer, checkAudience, log, now, sleep }
  const userToken = createUserToken({
    ...ofTokens,
    sessions,
    store,
    replaced,
    grant: createRefreshGrant({ provider, oidc, now }),
    revoke,
    claims,
    remotesOf: (target) => remotesOf(settings.remotes, target),
    ...settings.tokens,
  })
  const clientToken = createMachineToken({
    ...ofTokens,
    clients: settings.clients,
    cipher: createCipher(secrets, 'machine-token'),
    oidc,
    store,
  })
  const exchangedToken = createExchangedToken({ ...ofTokens, userToken, clientToken })
  const endSession = createEndSession({ sessions, replaced, revoke, log })
  const endSessions = createEndSessions(endSession)
  const dpop = oidc.dpop ? 'dpop' : 'bearer'
  const startSignIn = createStartSignIn({ provider, sessions, transactions, dpop, log, loginHref })
  const endedSignIns = createEndedSignIns({ store, issuer: oidc.issuer, now })
  const login = { startSignIn, provider, returnUrls, issuer: oidc.issuer, loginHref }
  const apiCookies = createClearApiCookies(settings)
  const ending = { sessions, endSessions, apiCookies, issuer: oidc.issuer }
  const channels = { ...ending, ...settings.backchannel }
  const logoutSeal = createSeal(secrets, 'logout')

  const { live, ready, ...draining } = createHealth({ store, provider })

  const endpoints: Endpoints = {
    login: createLogin(login),
    callback: createCallback({
      provider,
      sessions,
      transactions,
      startSignIn,
      endSession,
      endedSignIns,
      apiCookies,
      claims,
      signInSlot: createSignInSlot(parameters),
      log,
      now,
      returnUrls,
      ...ours,
      absoluteSeconds: settings.session.absoluteSeconds,
      askedScope: oidc.scope,
      marginSeconds: settings.tokens.marginSeconds,
      loginHref,
      callbackPath: settings.callbackPath,
      revoke: settings.logout.revoke ? revoke : undefined,
    }),
    logout: createLogout({
      providerSignOut: createProviderSignOut({ provider, seal: logoutSeal }),
      sessions,
      endSession,
      apiCookies,
      signOutAddress: createSignOutAddress({
        store,
        cipher: createCipher(secrets, 'leaving'),
        logoutUrl: `${publicOrigin}${basePath}/logout`,
        ...cookies,
      }),
      returnUrls,
      ...settings.logout,
      loginHref,
    }),
    logoutCallback: createLogoutCallback({ seal: logoutSeal, returnUrls }),
    user: createUser({ sessions, now, basePath, anonymous: settings.user.anonymous }),
    silentLogin: createLogin({ ...login, silent: true }),
    silentLoginCallback: createSilentLoginCallback({ sessions, publicOrigin }),
    backchannel: createBackchannel({ ...channels, endedSignIns, provider, store, log, now }),
    frontchannel: createFrontchannel({ ...channels, ...settings.frontchannel, loginHref }),
    diagnostics: createDiagnostics({
      sessions,
      provider,
      now,
      development: settings.mode === 'development',
      store: store.kind,
      redirectUri,
      probeRedirectUri: settings.onVercel
        ? undefined
        : createRedirectUriProbe({ provider, navigate, redirectUri, ...ours, store }),
      log,
      misconfigurations: misconfigurations.list,
    }),
    health: { live, ready },
  }
  const router = createRouter({
    endpoints,
    paths: settings,
    publicOrigin,
    origins: settings.spa.origins,
    loginHref,
    trusts: createForwardedTrust(settings.trustProxy),
    expireStaleCookies: transactions.expireStale,
    log,
  })
  const remote = createRemote({
    ...{ settings, readSession: sessions.read, outgoing, log, now },
    ...{ userToken, clientToken, exchangedToken },
  })

  return {
    ...createServerCode({
      sessions,
      keyOf: sessionKeyOf,
      userToken,
      clientToken,
      fetch: outgoing.fetch(certificatesByOrigin(settings.remotes)),
    }),
    ...draining,
    settings,
    handlesPath: router.handles,
    handle: router.handle,
    expireStaleCookies: transactions.expireStale,
    remote,
    providerOrigins: provider.providerOrigins,
    readSession: createReadSession({ sessions, now }),
    async peekSession(cookieHeader) {
      const read = await sessions.read(cookieHeader, 'peek')
      return read.kind === 'session' ? 'signed-in' : 'anonymous'
    },
    sessions: createSessionAdministration({
      sessions,
      endSession,
      endSessions,
      issuer: oidc.issuer,
      revoke: settings.logout.revoke,
    }),
    async close() {
      await remote.close()
      await store.close()
    },
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

function storeEvents(log: Log): StoreEvents {
  return {
    onDown: (outage) => log.event('store.unavailable', outage),
    onUp: (outage) => log.event('store.recovered', outage),
    onExposed: (exposed) => log.event('store.exposed', exposed),
  }
}
