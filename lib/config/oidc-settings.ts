import { type AuthMethod, authMethods, clientAuth } from './client-auth.ts'
import { clientCertificate } from './client-certificate.ts'
import { type Environment, readVariable } from './env.ts'
import { checkParameters } from './parameters.ts'
import type { Report } from './report.ts'
import type { ParsedConfig } from './schema.ts'
import type { OidcSettings } from './settings.ts'
import { parseWebAddress } from './web-address.ts'

const discoverySuffix = '/.well-known/openid-configuration'
const defaultScope = 'openid profile email offline_access'

export function oidcSettings(
  env: Environment,
  config: ParsedConfig['oidc'],
  report: Report,
): OidcSettings {
  const { params, refreshParams, revocationParams, authMethod, tls, clockTolerance, ...rest } =
    config
  const certificate = tls && clientCertificate('oidc.tls', tls, report)
  checkParameters('oidc.params', 'authorization', params, report)
  checkParameters('oidc.refreshParams', 'refresh', refreshParams, report)
  checkParameters('oidc.revocationParams', 'revocation', revocationParams, report)
  const auth = clientAuth(
    {
      secretName: 'OIDC_CLIENT_SECRET',
      secret: readVariable(env, 'OIDC_CLIENT_SECRET'),
      keyName: 'OIDC_CLIENT_KEY',
      key: readVariable(env, 'OIDC_CLIENT_KEY'),
      ...pinnedMethod(env, authMethod, report),
      certificateName: 'oidc.tls',
      hasCertificate: tls !== undefined,
    },
    report,
  )
  return {
    ...rest,
    issuer: issuer(env, report),
    clientId: clientId(env, report),
    auth,
    ...(certificate && { tls: certificate }),
    scope: scope(env, config.scope, report),
    params,
    refreshParams,
    revocationParams,
    clockToleranceSeconds: clockTolerance,
  }
}

function pinnedMethod(env: Environment, configured: AuthMethod | undefined, report: Report) {
  const text = readVariable(env, 'OIDC_AUTH_METHOD')
  if (text === undefined) return { methodName: 'oidc.authMethod', method: configured }
  const method = authMethods.find((it) => it === text)
  if (method === undefined) {
    report.problem('OIDC_AUTH_METHOD', 'is no method', `use one of ${authMethods.join(', ')}`)
  } else if (configured !== undefined && configured !== method) {
    report.note('OIDC_AUTH_METHOD is set, so oidc.authMethod is not used.')
  }
  return { methodName: 'OIDC_AUTH_METHOD', method }
}

/** Kept as it is written, because issuers are compared character by character (L3). */
function issuer(env: Environment, report: Report): string {
  const text = readVariable(env, 'OIDC_ISSUER')
  if (text === undefined) {
    report.problem('OIDC_ISSUER', 'is not set', "set it to your provider's issuer URL")
    return ''
  }
  const address = parseWebAddress(text, 'on-loopback')
  if (!address.ok) {
    report.problem('OIDC_ISSUER', address.problem, address.fix)
  } else if (text.endsWith(discoverySuffix)) {
    const rest = text.slice(0, -discoverySuffix.length)
    report.problem('OIDC_ISSUER', 'is the discovery document', `leave it at ${rest}`)
  }
  return text
}

function clientId(env: Environment, report: Report): string {
  const text = readVariable(env, 'OIDC_CLIENT_ID')
  if (text === undefined) {
    report.problem('OIDC_CLIENT_ID', 'is not set', 'set it as the provider shows it')
  }
  return text ?? ''
}

function scope(env: Environment, configured: string | undefined, report: Report): string {
  const fromEnvironment = readVariable(env, 'OIDC_SCOPE')
  const setting = fromEnvironment === undefined ? 'oidc.scope' : 'OIDC_SCOPE'
  if (fromEnvironment !== undefined && configured !== undefined) {
    report.note('OIDC_SCOPE is set, so oidc.scope is not used.')
  }
  const names = (fromEnvironment ?? configured ?? defaultScope).split(/\s+/).filter(Boolean)
  if (!names.includes('openid')) {
    report.problem(setting, 'lacks openid', 'put openid first')
  }
  return names.join(' ')
}
