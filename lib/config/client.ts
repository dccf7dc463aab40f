import * as z from 'zod'
import { type ClientAuth, clientAuth, plainAuthMethods } from './client-auth.ts'
import { type Environment, readNamed } from './env.ts'
import type { OidcSettings } from './oidc.ts'
import { checkParameters } from './parameters.ts'
import type { Report } from './report.ts'
import { absoluteUri, flag, text, textRecord } from './schema-leaf.ts'
import { isQuoted } from './unquote.ts'
import { parseWebAddress } from './web-address.ts'

export const client = z.strictObject({
  /**
   * Token endpoint, when it is not the one of `OIDC_ISSUER`. A server on another origin needs credentials
   * of its own: ours are never sent there.
   */
  tokenEndpoint: text().exactOptional(),
  /** Client id. `OIDC_CLIENT_ID` when left out; needs `secretEnv`, `keyEnv` or `assertionFile` beside it. */
  clientId: text().exactOptional(),
  /** Name of the environment variable that holds the client's secret. */
  secretEnv: text().exactOptional(),
  /** Name of the environment variable that holds the client's private JWK, for `private_key_jwt`. */
  keyEnv: text().exactOptional(),
  /** File with a JWT that the platform writes and renews, sent as the client assertion (RFC 7523). */
  assertionFile: text().exactOptional(),
  /**
   * Pins how this client proves itself. `private_key_jwt` with `keyEnv`, and only then. Left out, a secret of
   * its own goes as one of `oidc` does; without credentials of its own the client proves itself as `oidc` does.
   */
  authMethod: z.enum(plainAuthMethods).exactOptional(),
  /** Scopes of the token, separated by spaces. */
  scope: text().exactOptional(),
  /** Resource indicator (RFC 8707): an absolute URI. */
  resource: absoluteUri().exactOptional(),
  /** `audience` parameter, for providers that want one. */
  audience: text().exactOptional(),
  /** Extra parameters of the token request. Parameters that Cloakroom sets by itself are refused. */
  parameters: textRecord(),
  /** Bind the tokens to a key (RFC 9449). */
  dpop: flag(false),
})

type Given = z.output<typeof client>

export interface ClientSettings
  extends Readonly<Omit<Given, 'secretEnv' | 'keyEnv' | 'assertionFile' | 'authMethod'>> {
  readonly name: string
  readonly clientId: string
  readonly auth: ClientAuth
}

/** One entry of `clients`: the provider's endpoint and our own credentials, unless it says otherwise. */
export function clientSettings(
  name: string,
  config: Given,
  context: { env: Environment; oidc: OidcSettings; report: Report },
): ClientSettings {
  const { report, oidc } = context
  const setting = `clients.${name}`
  checkParameters(`${setting}.parameters`, 'clientCredentials', config.parameters, report)
  checkTokenEndpoint(setting, config, oidc, report)
  const { secretEnv, keyEnv, assertionFile, authMethod, ...rest } = config
  return {
    ...rest,
    name,
    clientId: config.clientId ?? oidc.clientId,
    auth: credentials(setting, config, context),
  }
}

function checkTokenEndpoint(
  setting: string,
  config: Given,
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
      'give the client credentials of its own by clientId and secretEnv, keyEnv or assertionFile',
    )
  }
}

function hasOwnCredentials(config: Given): boolean {
  return [config.secretEnv, config.keyEnv, config.assertionFile].some((it) => it !== undefined)
}

function credentials(
  setting: string,
  config: Given,
  { env, oidc, report }: { env: Environment; oidc: OidcSettings; report: Report },
): ClientAuth {
  const { clientId, secretEnv, keyEnv, assertionFile: path, authMethod } = config
  if (!hasOwnCredentials(config)) {
    if (clientId !== undefined) {
      report.problem(
        `${setting}.clientId`,
        'has no credentials',
        'add secretEnv, keyEnv or assertionFile',
      )
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
      // Not which: people put the secret itself there.
      const fix = 'set the variable, or put its name here: a secret itself has no place in the file'
      report.problem(`${setting}.${field}`, 'names a variable that is not set', fix)
    } else if (isQuoted(value)) {
      report.note(
        `${variable} is used with the quotes around it: take them out unless they belong to it.`,
      )
    }
    return value
  }
  const secret = read('secretEnv', secretEnv)
  const key = read('keyEnv', keyEnv)
  if (secret === undefined && key === undefined && path === undefined) return { method: 'none' }
  return clientAuth(
    {
      secretName: `${setting}.secretEnv`,
      secret,
      keyName: keyEnv ?? `${setting}.keyEnv`,
      key,
      assertion: path === undefined ? undefined : { setting: `${setting}.assertionFile`, path },
      methodName: `${setting}.authMethod`,
      method: authMethod,
    },
    report,
  )
}

/** The sign-in's credentials; `authMethod` may still choose how a secret travels. */
function sharedCredentials(
  setting: string,
  method: Given['authMethod'],
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
