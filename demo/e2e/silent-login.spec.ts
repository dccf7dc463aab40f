import type { Page } from 'playwright/test'
import { expect, openSignedIn, test } from './fixtures.ts'

/** What `bff.silentLogin()` does: an invisible frame, and a message from it. */
function silentLogin(page: Page): Promise<unknown> {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve('no message'), 10_000)
        window.addEventListener('message', ({ origin, data }) => {
          if (origin !== location.origin || data?.source !== 'bff-silent-login') return
          clearTimeout(timer)
          resolve(data)
        })
        const frame = document.createElement('iframe')
        frame.hidden = true
        frame.src = '/bff/silent-login'
        document.body.append(frame)
      }),
  )
}

test('a silent login signs in whom the provider still knows', async ({ page, context }) => {
  await openSignedIn(page)
  await context.clearCookies({ name: /bff/ })
  await page.reload()
  await expect(page.getByTestId('signed-out')).toBeVisible()
  expect(await silentLogin(page)).toEqual({ source: 'bff-silent-login', isLoggedIn: true })
  await page.reload()
  await expect(page.getByTestId('user-name')).toHaveText('Alice Appleton')
})

test('a silent login of a stranger says no and shows nothing', async ({ page }) => {
  await page.goto('/')
  expect(await silentLogin(page)).toEqual({ source: 'bff-silent-login', isLoggedIn: false })
  await expect(page.getByTestId('signed-out')).toBeVisible()
})

test('a failed silent login leaves a session alone', async ({ page, context }) => {
  await openSignedIn(page)
  await context.clearCookies({ name: /^_demo_idp/ })
  expect(await silentLogin(page)).toEqual({ source: 'bff-silent-login', isLoggedIn: false })
  await page.reload()
  await expect(page.getByTestId('signed-in')).toBeVisible()
})
