import type { Page } from 'playwright/test'
import { expect, pickUser, test } from './fixtures.ts'

/** Posts a form, as an app does that has a button for it. */
function post(page: Page, action: string): Promise<void> {
  return page.evaluate((address) => {
    const form = document.createElement('form')
    form.method = 'post'
    form.action = address
    // A login reads its fields from the body, and there is no body without one.
    const field = document.createElement('input')
    field.name = 'returnUrl'
    field.value = '/account'
    form.append(field)
    document.body.append(form)
    form.submit()
  }, action)
}

test('A6: a form of a page signs in and out', async ({ page }) => {
  await page.goto('/')
  await post(page, '/bff/login')
  await pickUser(page)
  await expect(page.getByTestId('account-page')).toBeVisible()
  await page.goto('/')
  await expect(page.getByTestId('signed-in')).toBeVisible()
  await post(page, '/bff/logout?returnUrl=/')
  await expect(page.getByTestId('signed-out')).toBeVisible()
})
