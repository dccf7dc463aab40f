import { existsSync } from 'node:fs'
import { defineConfig } from 'playwright/test'
import type { WorkerOptions } from './fixtures.ts'

const installed = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = process.env.CHROMIUM_PATH ?? installed.find((path) => existsSync(path))

/** The same specs in a real Chromium on both hosts. They need a build: `npm test -- e2e` makes it. */
export default defineConfig<object, WorkerOptions>({
  testDir: '..',
  testMatch: ['e2e/*.spec.ts', 'demo/e2e/*.spec.ts'],
  outputDir: '../test-results',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  workers: 1,
  retries: 0,
  forbidOnly: process.env.CI !== undefined,
  reporter: [
    ['list'],
    ...(process.env.PLAYWRIGHT_JSON_OUTPUT_FILE ? [['json'] satisfies ['json']] : []),
  ],
  use: {
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // What a test fulfils comes from no address: such a script would be a stranger to this machine's servers.
        '--disable-features=LocalNetworkAccessChecks',
      ],
    },
    screenshot: 'only-on-failure',
    trace: 'off',
  },
  projects: [
    { name: 'node', use: { host: 'node' } },
    // `cloakroom serve` is a host of its own, and once is enough.
    { name: 'next', use: { host: 'next' }, testIgnore: ['e2e/static-app.spec.ts'] },
  ],
})
