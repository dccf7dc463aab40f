import * as z from 'zod'
import { cookieNameFor, parseCookieName } from './cookie-name.ts'
import type { Report } from './report.ts'
import { leaf, textList, wholeSeconds } from './schema-leaf.ts'

export const session = z.strictObject({
  /**
   * Time without a request after which the session ends. At least `60s`, at most `absolute`.
   * A short value means more sign-ins at the provider.
   */
  idle: wholeSeconds({ from: '60s', to: '400d' }).prefault('30m'),
  /**
   * Time after which the session ends however busy it is. At least `idle`, at most `400d`, which is
   * as long as browsers keep a cookie.
   */
  absolute: wholeSeconds({ from: '60s', to: '400d' }).prefault('8h'),
  /**
   * How often a use of the session is written to the store. At least `1s`, at most half of `idle`
   * (and that by default when `idle` is shorter than `2m`). A short value means more writes; a long
   * one ends some sessions that much too early.
   * @default '1m'
   */
  touchEvery: wholeSeconds({ from: '1s', to: '400d' }).exactOptional(),
  /**
   * `SameSite` of the session cookie. With `strict`, a page that is opened by a link from another site
   * is at first anonymous to the server; its own fetches are signed in. With `lax` it is signed in.
   */
  sameSite: z.enum(['strict', 'lax']).prefault('strict'),
  /**
   * Name of the session cookie; those of sign-ins and sign-outs under way begin with it. On https
   * `__Host-Http-` always stands before it. By default `bff-<port>` where the public origin names a port, so that
   * two Cloakrooms on one host leave each other alone. A change signs everybody out.
   * @default 'bff'
   */
  cookieName: leaf<string>(parseCookieName).exactOptional(),
  /**
   * Claims of the ID token (and of UserInfo) that are kept, and that `GET /bff/user` shows to scripts; a path
   * (`realm_access.roles`) leads into a claim. A list is one entry each.
   */
  claims: textList().prefault([
    ...['sub', 'name', 'given_name', 'family_name', 'nickname', 'preferred_username'],
    ...['picture', 'email', 'email_verified'],
  ]),
})

type Given = z.output<typeof session>

export interface SessionSettings
  extends Readonly<Omit<Given, 'idle' | 'absolute' | 'touchEvery'>>,
    Lifetimes {
  /** Without its prefix. */
  readonly cookieName: string
}

interface Lifetimes {
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly touchEverySeconds: number
}

export function sessionSettings(
  { idle, absolute, touchEvery, ...rest }: Given,
  { publicOrigin, frontend, report }: SessionContext,
): SessionSettings {
  const name = rest.cookieName ?? cookieNameFor(publicOrigin)
  return {
    ...rest,
    ...lifetimes(idle, absolute, touchEvery, report),
    cookieName: frontend === undefined ? name : `${name}-${frontend}`,
  }
}

interface SessionContext {
  readonly publicOrigin: string
  /** Name of a frontend that shares its host with others, whose cookies it must leave alone. */
  readonly frontend: string | undefined
  readonly report: Report
}

/** The three durations of a session, which bound each other. */
function lifetimes(
  idle: number,
  absolute: number,
  wanted: number | undefined,
  report: Report,
): Lifetimes {
  if (absolute < idle) {
    report.problem('session.absolute', 'is shorter than session.idle', `use at least ${idle}s`)
  }
  const longest = Math.floor(idle / 2)
  const touchEvery = wanted ?? Math.min(60, longest)
  // Uses within one interval are written once: a longer one would end sessions that are in use.
  if (touchEvery > longest) {
    report.problem('session.touchEvery', 'is longer than half of session.idle', `use ${longest}s`)
  }
  return { idleSeconds: idle, absoluteSeconds: absolute, touchEverySeconds: touchEvery }
}
