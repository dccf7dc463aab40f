import { test as base, expect, type Page } from 'playwright/test'
import { type DemoStack, startDemoStack } from '../test/support/demo-stack.ts'
import type { Host } from '../test/support/start-cloakroom.ts'

export { expect } from 'playwright/test'

/** Every code and opaque token of the provider begins with it. @public for the demo's specs */
export const mark = 'MARKED-SECRET-'

export interface WorkerOptions {
  host: Host
  /** Provider, API and Cloakroom, each of them real and on a free port. */
  app: DemoStack
}

interface TestOptions {
  /** Fails a test that leaves a script error, a violated policy, or an error in the server's log. */
  noSurprises: Surprises
}

export interface Surprises {
  /** For a test that provokes errors in the log. */
  allowLog(event: string): void
}

export const test = base.extend<TestOptions, WorkerOptions>({
  host: ['node', { option: true, scope: 'worker' }],

  app: [
    async ({ host }, use) => {
      const app = await startDemoStack({ host, provider: { mark, accessTokenSeconds: 5 } })
      await use(app)
      await app.close()
    },
    { scope: 'worker', timeout: 90_000 },
  ],

  baseURL: async ({ app }, use) => use(app.origin),

  noSurprises: [
    async ({ app, context }, use) => {
      const before = app.cloakroom().log().length
      const allowed = new Set<unknown>()
      const problems: string[] = []
      context.on('weberror', (error) => problems.push(String(error.error())))
      context.on('console', (message) => {
        if (/Content.Security.Policy|violates/i.test(message.text())) problems.push(message.text())
      })
      await use({ allowLog: (event) => void allowed.add(event) })
      const errors = app
        .cloakroom()
        .log()
        .slice(before)
        .filter(({ level, event }) => level === 'error' && !allowed.has(event))
      expect([...problems, ...errors]).toEqual([])
    },
    { auto: true },
  ],
})

/** On the provider's page. @public for the demo's specs */
export async function pickUser(page: Page, user = 'alice'): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${user}\\b`, 'i') }).click()
}

/** Signs in, whatever the app shows, and ends at its start page. */
export async function enter(page: Page, user = 'alice'): Promise<void> {
  await page.goto('/bff/login')
  await pickUser(page, user)
  await expect(page).toHaveURL('/')
}
