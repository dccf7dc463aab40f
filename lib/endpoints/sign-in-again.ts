import type { Remembered } from '../session/transaction.ts'

/** Where "Sign in again" leads: to the same sign-in, with its deep link and what was asked of it (L18). */
export function signInAgain(loginHref: string, remembered: Partial<Remembered>): string {
  const { returnUrl, acrValues, maxAge } = remembered
  const query = new URLSearchParams()
  if (returnUrl !== undefined && returnUrl !== '/') query.set('returnUrl', returnUrl)
  if (acrValues !== undefined) query.set('acr_values', acrValues)
  if (maxAge !== undefined) query.set('max_age', String(maxAge))
  return query.size > 0 ? `${loginHref}?${query}` : loginHref
}
