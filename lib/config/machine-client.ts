import { clientAuth } from './client-auth.ts'
import { type Environment, readNamed } from './env.ts'
import { checkParameters } from './parameters.ts'
import type { Report } from './report.ts'
import type { ParsedClient } from './schema.ts'
import type { ClientAuth, ClientSettings, OidcSettings } from './settings.ts'
import { isQuoted } from './unquote.ts'
import { parseWebAddress } from './web-address.ts'

/** One entry of `clients`: the provider's endpoint and our own credentials, unless it says otherwise. */
export function machineClient(
  name: string,
  config: ParsedClient,
  context: { env: Environment; oidc: OidcSettings; report: Report },
): ClientSettings {
  const { report, oidc } = context
  const setting = `clients.${name}`
  checkParameters(`${setting}.parameters`, 'clientCredentials', config.parameters, report)
  checkTokenEndpoint(setting, config, oidc, report)
  const { secretEnv, keyEnv, authMethod, ...rest } = config
  return {
    ...rest,
    name,
    clientId: config.clientId ?? oidc.clientId,
    auth: credentials(setting, config, context),
  }
}

function checkTokenEndpoint(
  setting: string,
  config: ParsedClient,
  oidc: OidcSettings,
  report: Report,
): void {
  if (config.tokenEndpoint === undefined) return
  const address = parseWebAddress(config.tokenEndpoint, 'on-loopback')
  if (!address.ok) {
    report.problem(`${setting}.tokenEndpoint`, address.problem, address.fix)
    return
  }
  const ours = URL.canParse(oidc.issuer) && new URL(oidc.issuer).origin === address.value.origin
  // Our own secret, sent to another server, would be that server's to use against the provider.
  if (!ours && !hasOwnCredentials(config)) {
    report.problem(
      `${setting}.tokenEndpoint`,
      'is on another origin than OIDC_ISSUER',
      'give the client credentials of its own by clientId and secretEnv or keyEnv',
    )
  }
}

function hasOwnCredentials(config: ParsedClient): boolean {
  return config.secretEnv !== undefined || config.keyEnv !== undefined
}

function credentials(
  setting: string,
  config: ParsedClient,
  { env, oidc, report }: { env: Environment; oidc: OidcSettings; report: Report },
): ClientAuth {
  const { clientId, secretEnv, keyEnv, authMethod } = config
  if (!hasOwnCredentials(config)) {
    if (clientId !== undefined) {
      report.problem(`${setting}.clientId`, 'has no credentials', 'add secretEnv or keyEnv')
    }
    return sharedCredentials(setting, authMethod, oidc.auth, report)
  }
  if (clientId === undefined) {
    report.problem(`${setting}.clientId`, 'is not set although credentials are', 'set it')
  }
  const read = (field: string, variable: string | undefined) => {
    if (variable === undefined) return undefined
    const value = readNamed(env, variable)
    if (value === undefined) {
      report.problem(`${setting}.${field}`, `names ${variable}, which is not set`, 'set it')
    } else if (isQuoted(value)) {
      report.note(
        `${variable} is used with the quotes around it: take them out unless they belong to it.`,
      )
    }
    return value
  }
  const secret = read('secretEnv', secretEnv)
  const key = read('keyEnv', keyEnv)
  if (secret === undefined && key === undefined) return { method: 'none' }
  return clientAuth(
    {
      secretName: `${setting}.secretEnv`,
      secret,
      keyName: keyEnv ?? `${setting}.keyEnv`,
      key,
      methodName: `${setting}.authMethod`,
      method: authMethod,
    },
    report,
  )
}

/** The sign-in's credentials; `authMethod` may still choose how a secret travels. */
function sharedCredentials(
  setting: string,
  method: ParsedClient['authMethod'],
  own: ClientAuth,
  report: Report,
): ClientAuth {
  if (method === undefined || method === own.method || own.method === 'none') return own
  if (!('secret' in own) || method === 'private_key_jwt') {
    report.problem(
      `${setting}.authMethod`,
      `is ${method}, which does not fit the credentials of the sign-in`,
      'leave it out, or give secretEnv or keyEnv',
    )
    return own
  }
  return { ...own, method }
}
