import { type AssertionFile, readAssertion } from './assertion-file.ts'
import { parsePrivateKey } from './private-key.ts'
import type { Report } from './report.ts'

/** Of a client without a certificate. */
export const plainAuthMethods = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
] as const

export const authMethods = [...plainAuthMethods, 'tls_client_auth'] as const

export type AuthMethod = (typeof authMethods)[number]

export type ClientAuth =
  /** By HTTP Basic, and in the body where the provider takes it there only (T27). */
  | { readonly method: 'client_secret'; readonly secret: string }
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: string }
  | {
      readonly method: 'private_key_jwt'
      readonly key: JsonWebKey & { readonly kid?: string; readonly alg?: string }
    }
  /** RFC 8705 section 2: by the certificate of `tls`. */
  | { readonly method: 'tls_client_auth' }
  /** RFC 7523: by a JWT that a platform makes for us and renews. */
  | { readonly method: 'client_assertion'; readonly file: AssertionFile }
  | { readonly method: 'none' }

export interface ClientCredentials {
  /** Setting that holds (or should hold) the shared secret, for messages: `OIDC_CLIENT_SECRET`. */
  readonly secretName: string
  readonly secret: string | undefined
  readonly keyName: string
  readonly key: string | undefined
  readonly assertion?: AssertionFile | undefined
  /** Setting of the method, for messages: `oidc.authMethod`. */
  readonly methodName: string
  readonly method: AuthMethod | undefined
  /** Setting of the certificate, for messages: `oidc.tls`. */
  readonly certificateName?: string
  readonly hasCertificate?: boolean
}

const placeholder: ClientAuth = { method: 'none' }

/** A confidential client has exactly one kind of credential, and a method that fits it. */
export function clientAuth(credentials: ClientCredentials, report: Report): ClientAuth {
  const { secret, secretName, key, keyName, method, methodName, assertion } = credentials
  if (assertion) return byAssertion(assertion, credentials, report)
  if (method === 'tls_client_auth') return byCertificate(credentials, report)
  if (secret !== undefined && key !== undefined) {
    report.problem(secretName, `is set, and ${keyName} too`, 'keep one of the two')
    return placeholder
  }
  if (key !== undefined) {
    const jwk = parsePrivateKey(key)
    if (!jwk.ok) report.problem(keyName, jwk.problem, jwk.fix)
    if (method !== undefined && method !== 'private_key_jwt') {
      report.problem(methodName, `is ${method}, which needs a secret`, 'leave it out with a key')
    }
    return jwk.ok ? { method: 'private_key_jwt', key: jwk.value } : placeholder
  }
  if (method === 'private_key_jwt') {
    report.problem(methodName, `is private_key_jwt without a key`, `set ${keyName}`)
    return placeholder
  }
  if (secret === undefined) {
    report.problem(secretName, 'is not set', `set it, or ${keyName}`)
    return placeholder
  }
  return { method: method ?? 'client_secret', secret }
}

function byAssertion(
  file: AssertionFile,
  credentials: ClientCredentials,
  report: Report,
): ClientAuth {
  const { method, methodName } = credentials
  const now = readAssertion(file)
  if (!now.ok) report.problem(file.setting, now.problem, now.fix)
  if (method !== undefined) {
    report.problem(
      methodName,
      `is ${method}, and ${file.setting} is set`,
      'take out one of the two',
    )
  }
  refuseOthers(credentials, `${file.setting} too`, report)
  return { method: 'client_assertion', file }
}

/** RFC 8705 section 2.1: the connection itself says who we are. */
function byCertificate(credentials: ClientCredentials, report: Report): ClientAuth {
  const { certificateName = 'tls', hasCertificate, methodName } = credentials
  if (!hasCertificate) {
    report.problem(methodName, 'is tls_client_auth without a certificate', `set ${certificateName}`)
  }
  refuseOthers(credentials, `${methodName} is tls_client_auth`, report)
  return { method: 'tls_client_auth' }
}

function refuseOthers(credentials: ClientCredentials, reason: string, report: Report): void {
  for (const each of ['secret', 'key'] as const) {
    if (credentials[each] === undefined) continue
    const name = credentials[`${each}Name`]
    report.problem(name, `is set, and ${reason}`, 'take out one of the two')
  }
}
