import { decodeJwt } from 'jose/jwt/decode'
import { given } from '../http/given.ts'
import { jwtClaims } from '../oidc/jwt-claims.ts'
import type { Provider } from '../oidc/provider.ts'
import { plainCause } from '../oidc/provider-error.ts'
import type { ClaimsPolicy, OfferedClaims } from '../session/claims.ts'
import type { Session, SessionRecord } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { StoreUnavailableError } from '../store/key-value.ts'
import type { Log } from '../telemetry/log.ts'

export interface RefreshedIdentityDeps {
  readonly provider: Pick<Provider, 'verifyRefreshedIdToken'>
  readonly sessions: Pick<Sessions, 'readFresh' | 'save'>
  readonly claims: ClaimsPolicy
  readonly log: Log
}

/**
 * Whether a refreshed ID token says that it is about somebody else (OpenID Connect Core section 12.2). Read,
 * not verified: that may need the network, and the tokens have to be saved first. One that cannot be read,
 * or a name that is empty or no text, is nobody's, and is found out when it is verified.
 */
export function isForeign(idToken: string, expected: { sub: string; issuer: string }): boolean {
  try {
    const { sub, iss } = decodeJwt(idToken)
    const isOther = (value: unknown, own: string) =>
      typeof value === 'string' && value !== '' && value !== own
    return isOther(sub, expected.sub) || isOther(iss, expected.issuer)
  } catch {
    return false
  }
}

/**
 * Puts a refreshed ID token and its claims into a session whose new tokens are saved already. One that
 * cannot be verified changes nothing (T22): an unknown key, a key set that is late, a clock. Never rejects.
 */
export async function takeIdentity(
  deps: RefreshedIdentityDeps,
  session: Session,
  { idToken, accessToken }: { readonly idToken: string; readonly accessToken: string },
): Promise<Session> {
  const { sub } = session.record
  let offered: Record<string, unknown>
  try {
    offered = await deps.provider.verifyRefreshedIdToken(idToken)
  } catch (cause) {
    deps.log.event('token.refresh.id_token_refused', { sub, cause: plainCause(cause) })
    return session
  }
  const claims = await chosenClaims(deps, {
    claims: offered,
    idToken: offered,
    ...given({ accessToken: jwtClaims(accessToken) }),
  })
  const change = (record: SessionRecord): SessionRecord => ({
    ...record,
    idToken,
    ...(claims === undefined ? {} : { claims: { ...record.claims, ...claims } }),
  })
  return save(deps, session, change)
}

/** Undefined when the hook fails: the old claims stay. */
async function chosenClaims(
  { claims, log }: RefreshedIdentityDeps,
  offered: OfferedClaims,
): Promise<Record<string, unknown> | undefined> {
  try {
    return await claims(offered, 'refresh')
  } catch (cause) {
    log.event('unexpected.error', { where: 'claims hook after a refresh', cause })
    return undefined
  }
}

/** Unlike tokens, the identity is worth no waiting: the next refresh brings another. */
async function save(
  { sessions }: RefreshedIdentityDeps,
  session: Session,
  change: (record: SessionRecord) => SessionRecord,
): Promise<Session> {
  try {
    let current: Session | undefined = session
    while (current) {
      const saved: Session | undefined = await sessions.save(current, change(current.record))
      if (saved) return saved
      current = await sessions.readFresh(session.key)
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
  }
  return session
}
