import type { JWTPayload } from 'jose'
import { given } from '../http/given.ts'
import type { KeySet } from './key-set.ts'
import { plainCause } from './provider-error.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
/**
 * How old a token may be, whatever its `exp` says (O8): it tells of something that has just happened, and its
 * `jti` has to be remembered for as long. Providers that give no `exp` exist (O5).
 */
const maxAgeSeconds = 600

export type LogoutTokenResult =
  | {
      readonly kind: 'valid'
      readonly issuer: string
      /** At least one of `sub` and `sid` is there. */
      readonly sub?: string
      readonly sid?: string
      /** To be remembered until `expiresAt`, so that the token works once. */
      readonly jti: string
      /** Epoch milliseconds. */
      readonly expiresAt: number
    }
  | { readonly kind: 'invalid' /** For the log. */; readonly reason: string }

/**
 * OpenID Connect Back-Channel Logout 1.0 section 2.6, except for the replay check of `jti`, which
 * needs the store and is the caller's. Never rejects: without keys the token is refused too.
 */
export async function verifyLogoutToken(
  token: string,
  rules: {
    issuers: readonly string[]
    clientId: string
    algorithms: () => Promise<readonly string[]>
  },
  deps: { keys: KeySet; wallClock(): number; clockToleranceSeconds: number },
): Promise<LogoutTokenResult> {
  try {
    const { payload, protectedHeader } = await deps.keys.verify(
      token,
      {
        algorithms: [...(await rules.algorithms())],
        issuer: [...rules.issuers],
        audience: rules.clientId,
        requiredClaims: ['iat', 'jti'],
        clockTolerance: deps.clockToleranceSeconds,
        currentDate: new Date(deps.wallClock()),
      },
      'logout',
    )
    return judge(payload, protectedHeader.typ, {
      nowSeconds: deps.wallClock() / 1000,
      toleranceSeconds: deps.clockToleranceSeconds,
    })
  } catch (error) {
    return refused(plainCause(error).message)
  }
}

function judge(
  payload: JWTPayload,
  typ: unknown,
  { nowSeconds, toleranceSeconds }: { nowSeconds: number; toleranceSeconds: number },
): LogoutTokenResult {
  // Not required, because providers leave it out; but a token that says it is something else is not ours.
  if (typ !== undefined && !/^(application\/)?(logout\+jwt|jwt)$/i.test(String(typ))) {
    return refused('typ is another kind of token')
  }
  const { iss, sub, sid, jti, iat, exp, events } = payload
  if (!isObject(events) || !isObject(events[event])) return refused('events has no logout event')
  if ('nonce' in payload) return refused('nonce is present: this may be an ID token')
  if (sub !== undefined && !isText(sub)) return refused('sub is no text')
  if (sid !== undefined && !isText(sid)) return refused('sid is no text')
  if (sub === undefined && sid === undefined) return refused('there is neither sub nor sid')
  if (!isText(jti)) return refused('jti is no text')
  if (iat === undefined || iat > nowSeconds + toleranceSeconds) return refused('iat lies ahead')
  const expires = Math.min(exp ?? Number.POSITIVE_INFINITY, iat + maxAgeSeconds)
  if (expires + toleranceSeconds < nowSeconds) return refused('the token is too old')
  return {
    kind: 'valid',
    issuer: String(iss),
    ...given({ sub, sid }),
    jti,
    expiresAt: (expires + toleranceSeconds) * 1000,
  }
}

function refused(reason: string): LogoutTokenResult {
  return { kind: 'invalid', reason }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
