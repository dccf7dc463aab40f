import type { LogFields } from '../telemetry/log.ts'

type Misconfiguration = LogFields['misconfiguration']

export interface SignInFacts {
  /** As it is set, or the default. */
  readonly scope: string
  readonly isScopeSet: boolean
  readonly hasRefreshToken: boolean
  /** The refresh token is one for ever (`isOfflineToken`). */
  readonly isOffline: boolean
  /** Seconds. */
  readonly accessTokenLifetime: number | undefined
  /** Seconds. */
  readonly margin: number
  /** `iat` of the ID token, seconds since the epoch. */
  readonly issuedAt: unknown
  /** Seconds since the epoch, by our clock. */
  readonly now: number
}

/** Seconds by which two clocks may differ before it is worth a line. */
const toleratedSkew = 15

/** What a sign-in that succeeded shows to be set up wrongly, each with its fix. */
export function signInMisconfigurations(facts: SignInFacts): Misconfiguration[] {
  const found: Misconfiguration[] = []
  const wantsOffline = facts.isScopeSet && facts.scope.split(' ').includes('offline_access')
  if (!facts.hasRefreshToken) {
    found.push({
      what: 'the provider gave no refresh token: people sign in again whenever the access token expires',
      fix: `allow the refresh_token grant to this client at the provider${wantsOffline ? '' : '; where it wants the scope offline_access for that, name it in OIDC_SCOPE'} (Google wants access_type=offline and prompt=consent: oidc.params)`,
    })
  }
  if (facts.isOffline && !wantsOffline) {
    found.push({
      what: 'the provider gave an offline refresh token, which was not asked for: a sign-out there does not end it',
      fix: 'take offline_access out of the default scopes of this client at the provider, or name it in OIDC_SCOPE if it is meant',
    })
  }
  const { accessTokenLifetime: lifetime } = facts
  if (lifetime !== undefined && lifetime < facts.margin) {
    found.push({
      what: `access tokens live for ${lifetime} s, less than tokens.margin (${facts.margin} s)`,
      fix: 'let the provider give them a longer life, or lower tokens.margin; until then they are refreshed in the last fifth of their life',
    })
  }
  if (typeof facts.issuedAt === 'number') {
    const clock = clockMisconfiguration(facts.issuedAt - facts.now)
    if (clock) found.push(clock)
  }
  return found
}

/** `ahead`: seconds by which the provider's clock is ahead of ours. */
export function clockMisconfiguration(ahead: number): Misconfiguration | undefined {
  const skew = Math.round(ahead)
  if (Math.abs(skew) <= toleratedSkew) return undefined
  return {
    what: `the clock of this machine and that of the provider differ by ${Math.abs(skew)} s`,
    fix: `set this machine's clock by NTP; it seems to be ${skew > 0 ? 'slow' : 'fast'}`,
  }
}
