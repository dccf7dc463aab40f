interface NextConfigObject {
  readonly serverExternalPackages?: readonly string[]
  readonly skipTrailingSlashRedirect?: boolean
  readonly skipProxyUrlNormalize?: boolean
  readonly poweredByHeader?: boolean
  readonly compress?: boolean
  readonly logging?: unknown
  readonly [name: string]: unknown
}

/**
 * What stands in `next.config`, with what Cloakroom needs of it: addresses reach it as they came, and answers of APIs
 * pass as they are. Takes an object, or the function that makes one.
 */
export function nextConfigWith<Given extends object>(given: Given): Given {
  if (typeof given !== 'function') return added(given as NextConfigObject) as Given
  const made = given as unknown as (...args: unknown[]) => unknown
  const make = async (...args: unknown[]) => added((await made(...args)) as NextConfigObject)
  return make as unknown as Given
}

function added(given: NextConfigObject): NextConfigObject {
  return {
    ...given,
    // The path of a proxied call belongs to the API: `/api/remote/orders/` is not `/api/remote/orders`.
    skipTrailingSlashRedirect: true,
    // The gate judges the address that the browser asked for: Next reads `/_next/data/x/api/remote/y.json` as
    // `/api/remote/y`, and says nothing.
    skipProxyUrlNormalize: true,
    // Answers of the APIs keep their encoding, length and ETag, and events are not held back.
    compress: false,
    poweredByHeader: given.poweredByHeader ?? false,
    // A callback's address holds a code, and no log may (A3). Next prints addresses in development.
    logging: given.logging ?? { incomingRequests: { ignore: addresses } },
    // Packages of Node's: loaded as they are, not bundled.
    serverExternalPackages: [...(given.serverExternalPackages ?? []), ...external],
  }
}

/** Of endpoints, by their usual names. */
const addresses = [/^\/bff\//, /callback/, /signin-oidc/]

const external = [
  'cloakroom',
  '@upstash/redis',
  'iron-session',
  'jose',
  'openid-client',
  'pg',
  'pino',
  'redis',
  'undici',
  'zod',
]
