import * as z from 'zod'
import { flag } from './schema-leaf.ts'

export const logout = z.strictObject({
  /**
   * Whether `GET /bff/logout` needs the `sid` of `bff:logout_url`. With `false` any page on the web can
   * sign your users out by a link.
   */
  requireSid: flag(true),
  /** Whether sign-out revokes the tokens at the provider (RFC 7009). It never waits for the answer. */
  revoke: flag(true),
})

export const backchannel = z.strictObject({
  /** Whether a logout token ends all sessions of its user, not only the one that its `sid` names. */
  allSessions: flag(false),
  /** Whether back-channel logout revokes the refresh tokens of the sessions that it ends. */
  revoke: flag(true),
})

export const frontchannel = z.strictObject({
  /**
   * Whether `GET /bff/frontchannel` is there. Nothing proves who sends such a request: whoever knows the
   * provider's `iss` and the `sid` of a session (every app and API of the same sign-on does) can end that
   * session. Prefer back-channel logout. Sessions of a provider that gives no `sid` end only where the
   * provider is on the same site, so that the session cookie comes along.
   */
  enabled: flag(false),
})

export type LogoutSettings = Readonly<z.output<typeof logout>>
export type BackchannelSettings = Readonly<z.output<typeof backchannel>>
export type FrontchannelSettings = Readonly<z.output<typeof frontchannel>>
