import { expect, type Page } from 'playwright/test'
import { pickUser } from '../../e2e/fixtures.ts'

export {
  expect,
  mark,
  pickUser,
  test,
  type WorkerOptions,
} from '../../e2e/fixtures.ts'

/** From a page with a sign-in link, through the provider, and back. */
export async function signIn(page: Page, user = 'alice'): Promise<void> {
  await page.getByTestId('sign-in').click()
  await pickUser(page, user)
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
