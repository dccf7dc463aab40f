import { test as base, expect, type Page } from 'playwright/test'
import { type DemoStack, startDemoStack } from '../test/support/demo-stack.ts'
import type { Host } from '../test/support/start-cloakroom.ts'

export { expect } from 'playwright/test'

/** Every code and opaque token of the provider begins with it. */
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

/** From a page with a sign-in link, through the provider, and back. */
export async function signIn(page: Page, user = 'alice'): Promise<void> {
  await page.getByTestId('sign-in').click()
  await pickUser(page, user)
}

/** On the provider's page. */
export async function pickUser(page: Page, user = 'alice'): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${user}\\b`, 'i') }).click()
}

/** Opens the start page and signs in there. */
export async function openSignedIn(page: Page, user = 'alice'): Promise<void> {
  await page.goto('/')
  await signIn(page, user)
  await expect(page.getByTestId('signed-in')).toBeVisible()
}

export async function signOut(page: Page): Promise<void> {
  await page.getByTestId('sign-out').click()
  await expect(page.getByTestId('signed-out')).toBeVisible()
}

/** Presses the button of a remote call and waits for its answer. */
export async function expectCall(page: Page, remote: string, status: number): Promise<void> {
  await page.getByTestId(`call-${remote}`).click()
  await expect(page.getByTestId('answer')).toHaveAttribute('data-status', String(status))
}
