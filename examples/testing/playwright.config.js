import { defineConfig } from '@playwright/test'

// The server and the tests share these. Nobody listens at the issuer: no provider is needed.
const env = {
  BFF_BASE_URL: process.env.BFF_BASE_URL ?? 'http://localhost:3000',
  BFF_SECRET: 'only-for-tests-k8Zp2VxQ7mN4tR9wL3sB6yH1cF',
  BFF_STORE: 'sqlite',
  BFF_SQLITE_FILE: 'test-results/sessions.db',
  OIDC_ISSUER: 'http://localhost:9',
  OIDC_CLIENT_ID: 'my-app',
  OIDC_CLIENT_SECRET: 'none-is-needed-here',
}
Object.assign(process.env, env)

export default defineConfig({
  webServer: { command: 'node server.js', url: `${env.BFF_BASE_URL}/bff/health/live`, env },
  use: {
    baseURL: env.BFF_BASE_URL,
    launchOptions: { executablePath: process.env.CHROMIUM_PATH, args: ['--no-sandbox'] },
  },
})
