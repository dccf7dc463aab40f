/** What the cookies of a Cloakroom with the default `session.cookieName` are called in browsers. */
export interface CookieNames {
  readonly ticket: string
  /** Of sign-ins under way: the part that all of them have. */
  readonly transaction: string
  readonly restartMark: string
}

/** @param origin its public origin, whose port is a part of the names */
export function cookiesOf(origin: string): CookieNames {
  const { protocol, port } = new URL(origin)
  const ticket = `${protocol === 'https:' ? '__Host-Http-' : ''}bff${port === '' ? '' : `-${port}`}`
  return { ticket, transaction: `${ticket}-tx.`, restartMark: `${ticket}-again` }
}

/** Several instances of one Cloakroom, which in a test have a port each: their cookies are called alike. */
export const oneCloakroom = { session: { cookieName: 'bff' } }
