/**
 * The values of `acr_values` of which the ID token must name one (L18). Those that begin with `idp:` and
 * `tenant:` say where to sign in, not how well; no provider repeats them in `acr`.
 */
export function requiredAcr(acrValues: string | undefined): string[] {
  const asked = (acrValues ?? '').split(' ').filter((value) => value !== '')
  return asked.filter((value) => !/^(idp|tenant):/.test(value))
}
