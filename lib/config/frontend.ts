import * as z from 'zod'
import { type Environment, readNamed } from './env.ts'
import { accepted, type Parsed, refused } from './parsed.ts'
import { parsePath } from './paths.ts'
import type { Report } from './report.ts'
import { leaf, text } from './schema-leaf.ts'
import { parseOrigin } from './web-address.ts'

// What an entry of `frontends` has beside the sections of the top level.

/** Where a frontend lives: exactly one of `host` and `path`. */
export const place = z.strictObject({
  /**
   * Host of a frontend that has one of its own, such as `admin.example.com`, with its port where the address of the
   * browser shows one. A request's `Host` chooses among the listed ones, character by character; any other is 421.
   */
  host: leaf<string>(parseHost).exactOptional(),
  /**
   * Path of a frontend that shares the host of `BFF_BASE_URL`, such as `/shop`: its pages, endpoints
   * (`/shop/bff/login`) and remote APIs (`/shop/api/remote/<name>`) lie below it. Scripts of one host can use each
   * other's sessions: only `host` is a border.
   */
  path: leaf<string>(parsePath).exactOptional(),
  /**
   * Public origin of a frontend with a `host`, where the browser sees another one: what stands in front calls us by
   * `host` then, or by this one. Left out: `host`, with the scheme of `BFF_BASE_URL`.
   */
  baseUrl: leaf<string>(parseBaseUrl).exactOptional(),
})

/** Which client of which provider it is, in place of `OIDC_ISSUER`, `OIDC_CLIENT_ID` and its credentials. */
export const ownClient = z.strictObject({
  /** Issuer of this frontend's provider. What `oidc` says of the provider of the top level does not hold for it. */
  issuer: text().exactOptional(),
  /** Client id of this frontend; needs credentials of its own beside it. */
  clientId: text().exactOptional(),
  /** Name of the environment variable that holds the client's secret. */
  secretEnv: text().exactOptional(),
  /** Name of the environment variable that holds the client's private JWK. */
  keyEnv: text().exactOptional(),
  /** File with a JWT that the platform writes and renews, sent as the client assertion (RFC 7523). */
  assertionFile: text().exactOptional(),
})

type Place = z.output<typeof place>
export type OwnClient = z.output<typeof ownClient>

/** Which frontend some settings are of, and where it lives. */
export interface FrontendSettings {
  readonly name: string
  /** Hosts that lead to it; none where it lives at a path. */
  readonly hosts: readonly string[]
  /** Without a trailing slash: `/shop`; undefined where it lives at a host. */
  readonly path?: string
}

/** `admin.example.com`, `localhost:3000`: as a browser writes it into `Host`. */
function parseHost(value: unknown): Parsed<string> {
  const given = typeof value === 'string' ? value.trim() : ''
  const url = URL.parse(`http://${given}`)
  const isHost = url !== null && given !== '' && !/[/?#@\\\s]/.test(given)
  if (!isHost) return refused('is not a valid host', 'write it as admin.example.com')
  return accepted(given.toLowerCase())
}

function parseBaseUrl(value: unknown): Parsed<string> {
  return parseOrigin(typeof value === 'string' ? value : '')
}

/** What stands for the environment in the settings of a frontend: its own client, and its own origin. */
export function frontendEnvironment(
  env: Environment,
  { oidc, spa }: { readonly oidc: OwnClient & { readonly scope?: string }; readonly spa: Spa },
  publicOrigin: string,
  report: Report,
): Environment {
  const { issuer, clientId, scope } = oidc
  const isOther = issuer !== undefined || clientId !== undefined
  const own = credentialsOf(oidc, env, report)
  return {
    ...env,
    BFF_BASE_URL: publicOrigin,
    ...(issuer === undefined ? {} : { OIDC_ISSUER: issuer }),
    ...(clientId === undefined ? {} : { OIDC_CLIENT_ID: clientId }),
    // The secret of one client is never sent for another one, or to another provider.
    ...(isOther || own ? { ...noCredentials, ...own } : {}),
    ...(isOther || scope !== undefined ? { OIDC_SCOPE: undefined } : {}),
    ...(spa.dir !== undefined || spa.index !== undefined ? { BFF_SPA_DIR: undefined } : {}),
  }
}

interface Spa {
  readonly dir?: string
  readonly index?: string
}

const noCredentials = {
  OIDC_CLIENT_SECRET: undefined,
  OIDC_CLIENT_KEY: undefined,
  OIDC_CLIENT_ASSERTION_FILE: undefined,
  OIDC_AUTH_METHOD: undefined,
}

function credentialsOf(
  { secretEnv, keyEnv, assertionFile }: OwnClient,
  env: Environment,
  report: Report,
): Environment | undefined {
  if (secretEnv === undefined && keyEnv === undefined && assertionFile === undefined) {
    return undefined
  }
  const read = (field: string, name: string | undefined) => {
    const value = name === undefined ? undefined : readNamed(env, name)
    // Not which: people put the secret itself there.
    if (name !== undefined && value === undefined) {
      const fix = 'set the variable, or put its name here: a secret itself has no place in the file'
      report.problem(`oidc.${field}`, 'names a variable that is not set', fix)
    }
    return value
  }
  return {
    OIDC_CLIENT_SECRET: read('secretEnv', secretEnv),
    OIDC_CLIENT_KEY: read('keyEnv', keyEnv),
    OIDC_CLIENT_ASSERTION_FILE: assertionFile,
  }
}

/** The public origin of a frontend: its own, or that of the top level where it lives at a path. */
export function frontendOrigin(
  { host, path, baseUrl }: Place,
  topOrigin: string,
  report: Report,
): string {
  if ((host === undefined) === (path === undefined)) {
    report.problem('host', host ? 'stands beside path' : 'is not set', 'set one of host and path')
    return topOrigin
  }
  if (path === '') report.problem('path', 'is the whole of the origin', 'use a path such as /shop')
  if (host === undefined) {
    if (baseUrl !== undefined) {
      report.problem(
        'baseUrl',
        'stands beside path',
        'leave it out: the host is that of BFF_BASE_URL',
      )
    }
    return topOrigin
  }
  // What is wrong with BFF_BASE_URL is told by itself.
  const scheme = URL.parse(topOrigin)?.protocol ?? 'https:'
  const origin = baseUrl ?? new URL(`${scheme}//${host}`).origin
  if (!origin.startsWith(`${scheme}//`)) {
    report.problem('baseUrl', 'has another scheme than BFF_BASE_URL', `write it with ${scheme}//`)
  }
  return origin
}
