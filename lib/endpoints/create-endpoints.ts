import { ownPathsOf } from '../config/paths.ts'
import type { Settings } from '../config/settings.ts'
import type { TokenParameters } from '../config/token-parameters.ts'
import type { Provider } from '../oidc/provider.ts'
import { createRedirectUriProbe, type RedirectUriProbeDeps } from '../oidc/redirect-uri-probe.ts'
import { createCipher } from '../session/cipher.ts'
import type { ClaimsPolicy } from '../session/claims.ts'
import { createClearApiCookies } from '../session/clear-api-cookies.ts'
import { createEndedSignIns } from '../session/ended-sign-ins.ts'
import { createSeal } from '../session/seal.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Transactions } from '../session/transaction.ts'
import type { KeyValue } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import type { Tokens } from '../tokens/create-tokens.ts'
import { createSignInSlot } from '../tokens/sign-in-slot.ts'
import { type Addressees, type Backchannel, createBackchannel } from './backchannel.ts'
import { createCallback } from './callback.ts'
import { createDiagnostics, type DiagnosticsDeps } from './diagnostics.ts'
import type { Endpoint } from './endpoint.ts'
import type { EventStreams } from './event-streams.ts'
import { createEvents } from './events.ts'
import { createFrontchannel } from './frontchannel.ts'
import type { Health } from './health.ts'
import { createLogin } from './login.ts'
import { createLogout } from './logout.ts'
import { createLogoutCallback } from './logout-callback.ts'
import { createProviderSignOut } from './provider-sign-out.ts'
import { createSessionsEndpoints } from './sessions.ts'
import { createSignOutAddress } from './sign-out-address.ts'
import { createSilentLoginCallback } from './silent-login-callback.ts'
import { createStartSignIn } from './start-sign-in.ts'
import { createUser } from './user.ts'

/** What the router's table leads to. */
export interface Endpoints {
  readonly login: Endpoint
  readonly callback: Endpoint
  readonly logout: { readonly get: Endpoint; readonly post: Endpoint }
  readonly logoutCallback: Endpoint
  readonly user: Endpoint
  readonly events: Endpoint
  readonly sessions: ReturnType<typeof createSessionsEndpoints>
  readonly silentLogin: Endpoint
  readonly silentLoginCallback: Endpoint
  readonly backchannel: Backchannel & { readonly endpoint: Endpoint }
  readonly frontchannel: Endpoint
  readonly diagnostics: Endpoint
  readonly health: { readonly live: Endpoint; readonly ready: Endpoint }
}

export interface EndpointsDeps {
  readonly settings: Settings
  readonly parameters: TokenParameters
  readonly provider: Provider
  readonly sessions: Sessions
  readonly transactions: Transactions
  readonly claims: ClaimsPolicy
  readonly tokens: Pick<Tokens, 'left' | 'revoke' | 'endSession' | 'endSessions'>
  readonly health: Pick<Health, 'live' | 'ready'>
  readonly eventStreams: Pick<EventStreams, 'open'>
  readonly store: KeyValue
  /** Asks an address as a browser does that navigates there. */
  readonly navigate: RedirectUriProbeDeps['navigate']
  readonly addressees: Addressees
  readonly misconfigurations: DiagnosticsDeps['misconfigurations']
  readonly log: Log
  readonly now: () => number
}

/** Every endpoint, as the settings say. */
export function createEndpoints(deps: EndpointsDeps): Endpoints {
  const { settings, provider, sessions, transactions, claims, health, store, log, now } = deps
  const { oidc, secrets, basePath, publicOrigin, callbackPath } = settings
  const { revoke, endSession, endSessions, left } = deps.tokens
  const cookies = { secure: publicOrigin.startsWith('https:'), ...settings.session }
  const returnUrls = {
    ...{ publicOrigin, home: `${settings.root}/` },
    ...{ origins: settings.spa.origins, ownPaths: ownPathsOf(settings) },
  }
  const loginHref = `${basePath}/login`
  const ours = { issuer: oidc.issuer, clientId: oidc.clientId }
  const redirectUri = `${publicOrigin}${callbackPath}`
  const dpop = oidc.dpop ? 'dpop' : 'bearer'
  const startSignIn = createStartSignIn({ provider, sessions, transactions, dpop, log, loginHref })
  const endedSignIns = createEndedSignIns({ store, issuer: oidc.issuer, now })
  const { issuers, loginParams } = oidc
  const login = { startSignIn, provider, returnUrls, issuers, loginHref, loginParams, log }
  const apiCookies = createClearApiCookies(settings)
  const ending = { sessions, endSessions, apiCookies, issuers: oidc.issuers }
  const channels = { ...ending, ...settings.backchannel }
  const logoutSeal = createSeal(secrets, 'logout')

  return {
    login: createLogin(login),
    callback: createCallback({
      provider,
      sessions,
      transactions,
      startSignIn,
      endSession,
      left,
      endedSignIns,
      apiCookies,
      claims,
      signInSlot: createSignInSlot(deps.parameters),
      log,
      now,
      returnUrls,
      ...ours,
      absoluteSeconds: settings.session.absoluteSeconds,
      scope: { scope: oidc.scope, isScopeSet: oidc.isScopeSet },
      marginSeconds: settings.tokens.marginSeconds,
      loginHref,
      callbackPath,
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
    events: createEvents({ sessions, streams: deps.eventStreams }),
    sessions: createSessionsEndpoints({
      ...{ sessions, endSessions, idleSeconds: settings.session.idleSeconds },
      revoke: settings.logout.revoke,
    }),
    silentLogin: createLogin({ ...login, silent: true }),
    silentLoginCallback: createSilentLoginCallback({ sessions, publicOrigin }),
    backchannel: createBackchannel({
      ...{ ...channels, endedSignIns, provider, store, log, now },
      addressees: deps.addressees,
    }),
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
        : createRedirectUriProbe({
            provider,
            navigate: deps.navigate,
            redirectUri,
            ...ours,
            store,
          }),
      log,
      misconfigurations: deps.misconfigurations,
    }),
    health,
  }
}
