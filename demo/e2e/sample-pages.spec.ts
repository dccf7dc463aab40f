import type { BrowserContext, Page } from 'playwright/test'
import { expect, openSignedIn, test } from './fixtures.ts'

/**
 * What the sample pages for BFF servers do: a frame that is there from the start, its address set when
 * `/bff/user` says nobody, any message that names the source believed, given up after five seconds.
 */
function waitAsSamplesDo(page: Page, address: string): Promise<boolean | 'too late'> {
  return page.evaluate(
    (src) =>
      new Promise((resolve) => {
        const frame = document.createElement('iframe')
        frame.id = 'bff-silent-login'
        frame.style.display = 'none'
        document.body.append(frame)
        const timer = setTimeout(() => finish('too late'), 5000)
        const finish = (outcome: boolean | 'too late') => {
          clearTimeout(timer)
          window.removeEventListener('message', onMessage)
          resolve(outcome)
        }
        function onMessage({ data }: MessageEvent) {
          if (data?.source === 'bff-silent-login') finish(Boolean(data.isLoggedIn))
        }
        window.addEventListener('message', onMessage)
        frame.src = src
      }),
    address,
  )
}

/** And the shorter ones, in which the page loads itself again when somebody is signed in. */
async function reloadAsSamplesDo(page: Page, address: string): Promise<void> {
  const again = page.waitForEvent('load', { timeout: 5000 })
  await page.evaluate((src) => {
    window.addEventListener('message', ({ data }) => {
      if (data?.source === 'bff-silent-login' && data.isLoggedIn) window.location.reload()
    })
    const frame = document.createElement('iframe')
    document.body.append(frame)
    frame.src = src
  }, address)
  await again
}

/** Here nobody is signed in any more; the provider still knows the person. */
async function forgetHere(page: Page, context: BrowserContext): Promise<void> {
  await context.clearCookies({ name: /bff/ })
  await page.reload()
  await expect(page.getByTestId('signed-out')).toBeVisible()
}

for (const address of ['/bff/silent-login', '/bff/login?prompt=none']) {
  test(`L15: sample pages with ${address} sign in whom the provider knows`, async ({
    page,
    context,
  }) => {
    await openSignedIn(page)
    await forgetHere(page, context)
    expect(await waitAsSamplesDo(page, address)).toBe(true)
    await page.reload()
    await expect(page.getByTestId('user-name')).toHaveText('Alice Appleton')

    await forgetHere(page, context)
    await reloadAsSamplesDo(page, address)
    await expect(page.getByTestId('user-name')).toHaveText('Alice Appleton')
  })

  test(`L15: sample pages with ${address} hear that a stranger is nobody`, async ({ page }) => {
    await page.goto('/')
    expect(await waitAsSamplesDo(page, address)).toBe(false)
    await expect(page.getByTestId('signed-out')).toBeVisible()
  })

  test(`L15: ${address} as the whole window ends at the page that was asked for`, async ({
    page,
    context,
  }) => {
    await openSignedIn(page)
    await forgetHere(page, context)
    const returnUrl = `${address.includes('?') ? '&' : '?'}returnUrl=/account`
    await page.goto(`${address}${returnUrl}`)
    await expect(page).toHaveURL(/\/account$/)
    await expect(page.getByTestId('account-page')).toBeVisible()
  })
}

test('L26: an image of another page begins no sign-in, and a frame shows why it cannot', async ({
  page,
  context,
}) => {
  await page.goto('/')
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const image = new Image()
        image.onerror = resolve
        image.src = '/bff/login'
        document.body.append(image)
      }),
  )
  expect((await context.cookies()).map(({ name }) => name)).toEqual([])
  await page.evaluate(() => {
    const frame = document.createElement('iframe')
    frame.src = '/bff/login'
    document.body.append(frame)
  })
  const heading = page.frameLocator('iframe').getByRole('heading')
  await expect(heading).toHaveText('Signing in needs the whole window, not a frame.')
})
