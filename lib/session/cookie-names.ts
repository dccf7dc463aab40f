/** What the cookies of one Cloakroom are called. */
export interface CookieNames {
  /** Of the session's ticket. */
  readonly ticket: string
  /** Of a sign-in under way: what stands before its own part. */
  readonly transaction: string
  /** Of a sign-out under way. */
  readonly signOut: string
  /** That a lost sign-in was begun again. */
  readonly restartMark: string
  /** Of where cookies of APIs lie. */
  readonly apiCookieJar: string
  /** Of who signed in last. */
  readonly apiCookieOwner: string
  /** Of for whom an API set cookies last. */
  readonly apiCookieSetter: string
}

/**
 * `__Host-Http-`, wherever the public origin is https: set by the server, this host only, HttpOnly; no script and no
 * sibling host can plant it. Browsers keep one jar for all ports of a host, so the rest of the name tells apart
 * what runs beside us.
 */
export function cookieNames(name: string, secure: boolean): CookieNames {
  const ticket = `${secure ? '__Host-Http-' : ''}${name}`
  return {
    ticket,
    transaction: `${ticket}-tx.`,
    signOut: `${ticket}-out`,
    restartMark: `${ticket}-again`,
    apiCookieJar: `${ticket}-jar`,
    apiCookieOwner: `${ticket}-owner`,
    apiCookieSetter: `${ticket}-setter`,
  }
}
