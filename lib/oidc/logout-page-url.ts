import type { LogoutPage } from '../config/logout-page.ts'

/** What the placeholders of `oidc.logout.params` stand for. */
export interface LogoutPageValues {
  readonly clientId: string
  readonly postLogoutRedirectUri: string
  readonly idToken: string | undefined
  readonly state: string
}

/** The address of a sign-out page that the settings name, for providers without RP-initiated logout. */
export function logoutPageUrl({ url, params = {} }: LogoutPage, values: LogoutPageValues): URL {
  const address = new URL(url)
  for (const [name, text] of Object.entries(params)) {
    if (text.includes('{idToken}') && values.idToken === undefined) continue
    // In one pass: what a value holds is no placeholder.
    const filled = text.replace(/\{(\w+)\}/g, (_, key: keyof LogoutPageValues) => values[key] ?? '')
    address.searchParams.set(name, filled)
  }
  return address
}
