import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../config/settings.ts'
import type { Navigate } from '../http/outgoing.ts'
import { createPostLogoutUriProbe } from '../oidc/post-logout-uri-probe.ts'
import type { Provider } from '../oidc/provider.ts'
import { clockAhead } from '../oidc/provider-clock.ts'
import { createRedirectUriProbe } from '../oidc/redirect-uri-probe.ts'
import type { KeyValue } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'
import { createLookAtStart } from './look-at-start.ts'

export interface BeginDeps {
  readonly settings: Settings
  readonly provider: Provider
  readonly store: KeyValue
  readonly navigate: Navigate
  /** For requests to the provider. */
  readonly fetch: typeof fetch
  readonly log: Log
}

/**
 * What is done once, when a server starts: it says what is to be registered at the provider, and looks in the
 * background for what would fail later. Not on Vercel, where there are as many starts as there are people.
 */
export function createBegin({ settings, provider, store, navigate, fetch, log }: BeginDeps) {
  const { oidc, publicOrigin } = settings
  const { issuer, clientId } = oidc
  const redirectUri = `${publicOrigin}${settings.callbackPath}`
  const postLogoutRedirectUri = `${publicOrigin}${settings.logoutCallbackPath}`
  const over = new AbortController()
  const look = createLookAtStart({
    ...{ provider, redirectUri, postLogoutRedirectUri, log },
    probeRedirectUri: createRedirectUriProbe({
      ...{ provider, navigate, redirectUri, issuer, clientId, store },
    }),
    // What a page that follows no standard means by a 4xx, nobody knows.
    probePostLogoutUri:
      typeof oidc.logout === 'object'
        ? undefined
        : createPostLogoutUriProbe({ provider, navigate, postLogoutRedirectUri }),
    revokes: settings.logout.revoke,
    clockAhead: () => clockAhead({ provider, fetch }),
    wait: (ms) => sleep(ms, undefined, { ref: false, signal: over.signal }),
  })
  return {
    begin(): void {
      log.event('server.registers_as', {
        redirectUri,
        postLogoutRedirectUri,
        client: clientId,
        issuer,
      })
      // Fails only when the server ends meanwhile.
      if (!settings.onVercel) look().catch(() => {})
    },
    end: () => over.abort(),
  }
}
