import type { LogFields } from '../telemetry/log.ts'

type Misconfiguration = LogFields['misconfiguration']

export interface SignInFacts {
  readonly askedScope: string
  readonly hasRefreshToken: boolean
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
  if (facts.askedScope.split(' ').includes('offline_access') && !facts.hasRefreshToken) {
    found.push({
      what: 'offline_access was asked for, but the provider gave no refresh token',
      fix: 'allow the refresh_token grant to this client at the provider (some also want prompt=consent or access_type=offline: oidc.params); without it people sign in again whenever the access token expires',
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
