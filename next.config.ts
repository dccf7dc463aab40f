import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // The path of a proxied call belongs to the API: `/api/remote/orders/` is not `/api/remote/orders`.
  skipTrailingSlashRedirect: true,
  // The gate judges the address that the browser asked for: Next reads `/_next/data/x/api/remote/y.json` as
  // `/api/remote/y`, and says nothing.
  skipProxyUrlNormalize: true,
  // What the middleware leaves out. Over https the hosts add HSTS to every answer, these among them.
  headers: async () =>
    ['/_next/:path*', '/icon.svg', '/api/:path((?!remote/).*)'].map((source) => ({
      source,
      headers: [{ key: 'X-Content-Type-Options', value: 'nosniff' }],
    })),
  // Answers of the APIs keep their encoding, length and ETag, and events are not held back. Pages are
  // compressed by the CDN or proxy in front, as on Vercel.
  compress: false,
  // The engine's packages are Node's business: loaded as they are, not bundled.
  serverExternalPackages: [
    '@upstash/redis',
    'iron-session',
    'jose',
    'openid-client',
    'pino',
    'redis',
    'undici',
    'zod',
  ],
  // `npm run check` type-checks the whole house; a build that does it again, with the tests, only waits.
  typescript: { ignoreBuildErrors: true },
  // A callback's address holds a code, and no log may (A3). Next prints addresses in development.
  logging: { incomingRequests: { ignore: [/^\/bff\//] } },
  turbopack: { root: import.meta.dirname },
}

export default config
