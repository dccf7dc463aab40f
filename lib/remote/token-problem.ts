import type { RemoteSettings } from '../config/remote.ts'
import type { ProblemCode } from '../http/problem.ts'
import type { Session } from '../session/session.ts'
import type { Log } from '../telemetry/log.ts'
import type { TokenResult } from '../tokens/token-result.ts'
import type { FailureOptions } from './answer.ts'

/** Why a call may not go on with this token; undefined when it may. */
export function tokenProblem(
  token: TokenResult,
  remote: Pick<RemoteSettings, 'name' | 'token' | 'dpop'>,
  session: Session | undefined,
  log: Log,
): ProblemCode | undefined {
  if (token.kind === 'failed') return token.code
  if (token.kind === 'none') {
    // Nobody who is signed in goes on as a stranger, and no machine without its token.
    const isMeant = remote.token === 'none' || typeof remote.token === 'function'
    const isStranger = remote.token === 'user-or-none' && !session
    return isMeant || isStranger ? undefined : 'token_unavailable'
  }
  // RFC 9449: a bound token is never replaced by a Bearer token behind the API's back.
  if (token.kind === 'bearer' && remote.dpop) {
    // A session from before `oidc.dpop` was switched on has no key to bind to. One sign-in heals it.
    if (session && session.record.dpopKey === undefined) return 'session_expired'
    log.event('misconfiguration', {
      what: `remote ${remote.name} wants DPoP and the token is a Bearer token`,
      fix: 'set oidc.dpop (or dpop of the machine client), if the provider supports it',
    })
    return 'provider_misconfigured'
  }
  return undefined
}

/** What the answer says besides: the way to a new token leads past the sign-in (T25). */
export function optionsOf(code: ProblemCode, basePath: string): FailureOptions {
  return code === 'token_expired' ? { members: { loginUrl: `${basePath}/login` } } : {}
}
