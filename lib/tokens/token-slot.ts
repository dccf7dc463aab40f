import { type AddedParameters, nameOfAdded } from '../config/token-parameters.ts'
import type { AccessToken } from '../session/session.ts'

/**
 * Which access token of a session: by resource (RFC 8707), scope, and what the hook `tokenRequest` adds. The
 * empty slot is the sign-in's own.
 */
export function tokenSlot(
  target: { resource?: string; scope?: string },
  added: AddedParameters = {},
): string {
  const name = nameOfAdded(added)
  return name === '' ? plainSlot(target) : `${plainSlot(target)} ?${name}`
}

function plainSlot(target: { resource?: string; scope?: string }): string {
  if (target.resource === undefined && target.scope === undefined) return ''
  const scope = target.scope?.split(' ').filter(Boolean).sort().join(' ') ?? ''
  return `${target.resource ?? ''} ${scope}`
}

/** Not expired. Without an expiry it is valid until somebody answers 401 (T7). */
export function isValid(token: AccessToken, now: number): boolean {
  return token.expiresAt === undefined || token.expiresAt > now
}

/** Before it expires a token is renewed at most once in this time (T24). */
const restMs = 30_000

/**
 * Further from expiry than the margin, or so new that it is used until it expires, whatever its lifetime. The margin is never more than a fifth of the lifetime, so that a
 * token of 30 seconds is not refreshed at each use, and it varies by up to a fifth from token to token,
 * so that sessions which began together do not refresh together.
 */
export function isFresh(token: AccessToken, now: number, marginSeconds: number): boolean {
  if (token.expiresAt === undefined) return true
  // Either way, for a clock that was set back.
  if (isValid(token, now) && Math.abs(now - token.obtainedAt) < restMs) return true
  const lifetime = token.expiresAt - token.obtainedAt
  const margin = Math.min(marginSeconds * 1000, lifetime / 5)
  const jitter = 1 - (token.obtainedAt % 1000) / 5000
  return token.expiresAt - now > margin * jitter
}
