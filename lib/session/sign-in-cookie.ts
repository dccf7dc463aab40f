/** What the cookies that bind a sign-in to its browser have in common. */
export interface SignInCookieOptions {
  /** Of the session's cookie, without its prefix. */
  readonly cookieName: string
  readonly secure: boolean
  /** With `form_post` the provider posts across sites, and only a SameSite=None cookie comes along. */
  readonly crossSite: boolean
  readonly maxAgeSeconds: number
}

/** Browsers take SameSite=None from a Secure cookie only, on http://localhost too. */
export function signInCookieAttributes({ secure, crossSite }: SignInCookieOptions) {
  return { secure: secure || crossSite, sameSite: crossSite ? 'None' : 'Lax' } as const
}
