import type { Provider } from '../oidc/provider.ts'
import type { RedirectUriStanding } from '../oidc/redirect-uri-probe.ts'
import type { Log } from '../telemetry/log.ts'
import { clockMisconfiguration } from './sign-in-misconfigurations.ts'

export interface LookAtStartDeps {
  readonly provider: Pick<Provider, 'metadata'>
  readonly redirectUri: string
  readonly postLogoutRedirectUri: string
  readonly probeRedirectUri: (again: 'unless-accepted') => Promise<RedirectUriStanding>
  /** Undefined where nobody is sent there. */
  readonly probePostLogoutUri: (() => Promise<RedirectUriStanding>) | undefined
  /** Whether a sign-out is meant to revoke tokens. */
  readonly revokes: boolean
  /** Seconds by which the provider's clock is ahead of ours; undefined when it does not tell. */
  readonly clockAhead: () => Promise<number | undefined>
  readonly log: Log
  readonly wait: (ms: number) => Promise<void>
}

const againAfterMs = 30_000

/**
 * What would fail later, told when the server starts: once, in the background, and when the provider is there. It asks
 * nothing that has an effect. Never rejects.
 */
export function createLookAtStart(deps: LookAtStartDeps): () => Promise<void> {
  const { provider, log } = deps
  const tell = (what: string, fix: string) => log.event('misconfiguration', { what, fix })

  async function metadata() {
    for (;;) {
      try {
        return await provider.metadata()
      } catch {
        // An outage is told by whoever runs into it.
        await deps.wait(againAfterMs)
      }
    }
  }

  return async () => {
    const { revocation_endpoint } = await metadata()
    if (deps.revokes && revocation_endpoint === undefined) {
      tell(
        'the provider has no revocation endpoint: tokens stay valid there after a sign-out',
        'keep access tokens short-lived at the provider; logout.revoke: false says that this is known',
      )
    }
    const ahead = await deps.clockAhead().catch(() => undefined)
    const clock = ahead === undefined ? undefined : clockMisconfiguration(ahead)
    if (clock) log.event('misconfiguration', clock)
    if ((await deps.probeRedirectUri('unless-accepted')) === 'refused') {
      tell(
        'the provider does not accept our redirect URI',
        `register ${deps.redirectUri} for this client at the provider, exactly as written here; a wrong OIDC_CLIENT_ID looks the same`,
      )
    }
    if ((await deps.probePostLogoutUri?.().catch(() => undefined)) === 'refused') {
      tell(
        'the provider does not accept our post-logout redirect URI',
        `register ${deps.postLogoutRedirectUri} for this client at the provider, exactly as written here`,
      )
    }
  }
}
