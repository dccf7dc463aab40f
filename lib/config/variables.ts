/** One environment variable: the text of docs/configuration.md and of .env.example. */
export interface Variable {
  readonly meaning: string
  /** In words, where it has a default. */
  readonly fallback?: string
  /** For .env.example. Never a usable secret. */
  readonly example?: string
}

/** Every environment variable that Cloakroom reads, apart from those that `secretEnv` and `keyEnv` name. */
export const variables = {
  OIDC_ISSUER: {
    meaning:
      'Issuer of the OpenID Provider, exactly as its discovery document spells it. `https:`, or `http:` on loopback.',
    example: 'https://login.example.com/',
  },
  OIDC_CLIENT_ID: { meaning: 'Client id at the provider.', example: 'my-app' },
  OIDC_CLIENT_SECRET: {
    meaning: 'Shared secret of the client. Either this or `OIDC_CLIENT_KEY`.',
  },
  OIDC_CLIENT_KEY: {
    meaning:
      'Private key of the client as a JWK in JSON (RSA of 2048 bits or more, EC or Ed25519), for `private_key_jwt`.',
  },
  OIDC_AUTH_METHOD: {
    meaning:
      'How the client proves itself: `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `tls_client_auth`. Goes before `oidc.authMethod`.',
    fallback:
      'with a secret HTTP Basic, and in the body where the provider lists that and refuses Basic; with a key `private_key_jwt`',
    example: 'client_secret_post',
  },
  OIDC_SCOPE: {
    meaning: 'Scopes asked for at sign-in. Goes before `oidc.scope`.',
    fallback: '`openid profile email offline_access`',
    example: 'openid profile email offline_access',
  },
  BFF_BASE_URL: {
    meaning:
      'Public origin: scheme, host and port as the browser sees them. `https:`, or `http:` on loopback. Never taken from the `Host` header.',
    fallback:
      'on Vercel the production URL (in previews the URL of the branch, else of the deployment); in development `http://localhost:$PORT`',
    example: 'https://app.example.com',
  },
  BFF_SECRET: {
    meaning:
      'Secret of 32 characters or more that seals cookies and encrypts sessions: `openssl rand -base64 32`. Several, separated by commas, for rotation: the first seals, all unseal. Values that can be guessed are refused.',
  },
  BFF_STORE: {
    meaning:
      'Where sessions are kept: `memory`, `sqlite`, `redis` or `upstash`. On Vercel `memory` and `sqlite` are refused.',
    fallback: '`upstash` if its variables are set, else `redis` if `REDIS_URL` is, else `sqlite`',
    example: 'redis',
  },
  BFF_SQLITE_FILE: {
    meaning: 'File of the `sqlite` store.',
    fallback: '`.data/cloakroom.db`',
    example: '.data/cloakroom.db',
  },
  REDIS_URL: {
    meaning: 'Address of the `redis` store: `redis://` or `rediss://` (TLS).',
    example: 'rediss://redis.internal:6379',
  },
  UPSTASH_REDIS_REST_URL: {
    meaning: 'Address of the `upstash` store.',
    example: 'https://example.upstash.io',
  },
  UPSTASH_REDIS_REST_TOKEN: { meaning: 'Token of the `upstash` store.' },
  KV_REST_API_URL: { meaning: "What Vercel's marketplace calls `UPSTASH_REDIS_REST_URL`." },
  KV_REST_API_TOKEN: { meaning: "What Vercel's marketplace calls `UPSTASH_REDIS_REST_TOKEN`." },
  BFF_TRUST_PROXY: {
    meaning:
      "Whose `X-Forwarded-For` is believed: nobody's (`none`), Vercel's (`vercel`), or that of addresses and CIDRs separated by commas; `unix` among them: of whoever connects to the socket of `HOST`. Other forwarded headers, `Forwarded` too, are never read.",
    fallback: '`none`',
    example: '10.0.0.0/8',
  },
  BFF_CONFIG_FILE: {
    meaning:
      'A JSON file that is read in place of `bff.config.ts`. The same names; hooks are not possible.',
    example: '/etc/cloakroom.json',
  },
  HTTPS_PROXY: {
    meaning:
      'Proxy through which the provider and the APIs at `https:` addresses are reached, by CONNECT. User and password as in a URL. Loopback and `http:` targets are reached directly, and `HTTP_PROXY` is not read. `https_proxy` goes before it.',
    example: 'http://proxy.internal:3128',
  },
  NO_PROXY: {
    meaning:
      'Hosts that are reached past `HTTPS_PROXY`, separated by commas: names with all that is below them, addresses, CIDRs, each with a port if wanted; `*` for all. `no_proxy` goes before it.',
    example: 'internal.example.com,10.0.0.0/8',
  },
  BFF_CA_FILE: {
    meaning:
      'PEM file of certificate authorities that are believed besides the usual ones, for the provider, the APIs and the proxy.',
    example: '/etc/ssl/company.pem',
  },
  PORT: { meaning: 'Port to listen on.', fallback: '`3000`', example: '3000' },
  HOST: {
    meaning:
      'Address to listen on; or `unix:` and the path of a Unix socket, which takes the place of `PORT`. Node host only: `next start` takes `--hostname`.',
    fallback: '`0.0.0.0`; in development `127.0.0.1`',
    example: '0.0.0.0',
  },
  BFF_DRAIN: {
    meaning:
      'How long new connections are still taken after SIGTERM, while `ready` says 503 already: longer than your balancer needs to notice. `0` to `5m`.',
    fallback: '`5s`',
    example: '10s',
  },
  BFF_WORKERS: {
    meaning:
      'Processes that share the port, on the Node host only: one for each core is a good measure. More than 1 needs a store other than `memory`.',
    fallback: '`1`',
    example: '1',
  },
  LOG_LEVEL: {
    meaning: '`trace`, `debug`, `info`, `warn`, `error` or `silent`.',
    fallback: '`info`',
    example: 'info',
  },
  NODE_ENV: {
    meaning:
      '`development` opens `/bff/diagnostics` and derives `BFF_BASE_URL`. Everything else is production.',
    fallback: '`production`',
  },
  VERCEL: { meaning: 'Set by Vercel: the store must be one that all instances share.' },
  VERCEL_ENV: { meaning: 'Set by Vercel: `production`, `preview` or `development`.' },
  VERCEL_PROJECT_PRODUCTION_URL: { meaning: 'Set by Vercel: the public host in production.' },
  VERCEL_BRANCH_URL: { meaning: 'Set by Vercel: the public host of a preview.' },
  VERCEL_URL: { meaning: 'Set by Vercel: the host of a deployment without a branch.' },
} as const satisfies Record<string, Variable>

export type VariableName = keyof typeof variables
