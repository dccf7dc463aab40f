import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright/test'
import { expect, expectCall, signIn, test } from './fixtures.ts'

const sizes = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } }

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)).toEqual([])
}

/** The one picture of the README. `UPDATE_SCREENSHOTS=1` takes it anew; else a test run changes no file. */
const shown = 'signed-in-light-wide'

async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.UPDATE_SCREENSHOTS && name === shown ? 'docs' : 'test-results'
  await page.screenshot({ path: `${folder}/screenshot-${name}.png` })
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries(sizes)) {
    test(`no accessibility violation, ${colorScheme}, ${size}`, async ({ browser, app }) => {
      const context = await browser.newContext({ baseURL: app.origin, colorScheme, viewport })
      const page = await context.newPage()
      const overflow = () =>
        page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)

      await page.goto('/')
      await expect(page.getByTestId('signed-out')).toBeVisible()
      await expectAccessible(page)
      expect(await overflow()).toBeLessThanOrEqual(0)
      await keepScreenshot(page, `signed-out-${colorScheme}-${size}`)

      await page.getByTestId('sign-in').click()
      await expect(page.getByRole('heading', { name: 'Who is signing in?' })).toBeVisible()
      await expectAccessible(page)
      await keepScreenshot(page, `sign-in-${colorScheme}-${size}`)

      await page.goto('/')
      await signIn(page)
      await expect(page.getByTestId('signed-in')).toBeVisible()
      await expectCall(page, 'orders', 200)
      await expectAccessible(page)
      expect(await overflow()).toBeLessThanOrEqual(0)
      await page.evaluate(() => window.scrollTo(0, 0))
      await keepScreenshot(page, `signed-in-${colorScheme}-${size}`)

      await page.goto('/account')
      await expect(page.getByTestId('account-page')).toBeVisible()
      await expectAccessible(page)
      await context.close()
    })
  }
}
