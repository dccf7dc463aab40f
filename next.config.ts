import type { NextConfig } from 'next'
import { cloakroom } from './bff.ts'

export default cloakroom.nextConfig<NextConfig>({
  reactStrictMode: true,
  // What the middleware leaves out. Over https the hosts add HSTS to every answer, these among them.
  headers: async () =>
    ['/_next/:path*', '/icon.svg', '/api/:path((?!remote/).*)'].map((source) => ({
      source,
      headers: [{ key: 'X-Content-Type-Options', value: 'nosniff' }],
    })),
  // `npm run check` type-checks the whole house; a build that does it again, with the tests, only waits.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: import.meta.dirname },
})
