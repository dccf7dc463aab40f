import type { Report } from './report.ts'

const placeholder = '{tenantid}'

/**
 * How the discovery document of an issuer for several tenants spells it (Microsoft Entra): undefined for an issuer
 * of one.
 */
export function issuerTemplate(issuer: string): string | undefined {
  if (issuer.includes(placeholder)) return issuer
  const several = /^(https?:\/\/[^/]+\/)(?:common|organizations)(\/v2\.0\/?)$/.exec(issuer)
  return several ? `${several[1]}${placeholder}${several[2]}` : undefined
}

/** Where its discovery document is: a template is no address. */
export function discoveryIssuer(issuer: string): string {
  return issuer.replace(placeholder, 'organizations')
}

/** Whose tokens are good: the issuer's, or each listed tenant's. */
export function acceptedIssuers(
  issuer: string,
  tenants: readonly string[],
  report: Report,
): readonly string[] {
  const template = issuerTemplate(issuer)
  if (template === undefined) {
    if (tenants.length > 0) {
      const fix = 'take it out, or set OIDC_ISSUER to one such as https://host/organizations/v2.0'
      report.problem('oidc.tenants', 'is set, and OIDC_ISSUER is of one tenant', fix)
    }
    return [issuer]
  }
  if (tenants.length === 0) {
    const fix =
      'list the ids of the tenants that may come in (tid), or set OIDC_ISSUER to that of one'
    report.problem('oidc.tenants', 'is not set, and OIDC_ISSUER is of any tenant', fix)
  }
  for (const each of tenants) {
    if (/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(each)) continue
    const fix = 'write it as 11111111-2222-3333-4444-555555555555, in lower case'
    report.problem('oidc.tenants', `holds ${JSON.stringify(each)}, which is no tenant id`, fix)
  }
  return tenants.map((tenant) => template.replace(placeholder, tenant))
}
