import type { BrowserContext, Page } from 'playwright/test'
import { expect, openSignedIn, pickUser, signIn, signOut, test } from './fixtures.ts'

/** What every app that works without a network has: it fetches each navigation by itself. */
const worker = `
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => event.respondWith(fetch(event.request)))
`

/** Leaves `page` at the start page, with a service worker that answers for all of the origin. */
async function withWorker(page: Page, context: BrowserContext): Promise<void> {
  await context.route('**/app-worker.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: worker }),
  )
  await page.goto('/')
  await page.evaluate(async () => {
    const controlled = new Promise((resolve) =>
      navigator.serviceWorker.addEventListener('controllerchange', resolve),
    )
    await navigator.serviceWorker.register('/app-worker.js')
    await controlled
  })
}

test('L26: an app with a service worker signs in and out', async ({ page, context, app }) => {
  await withWorker(page, context)
  await page.goto('/')
  await signIn(page)
  await expect(page.getByTestId('signed-in')).toBeVisible()
  // As the worker has written it.
  expect(app.sent()).toMatch(
    /GET \/bff\/callback\?[\s\S]*?Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: empty/i,
  )
  await signOut(page)
})

test('L26: a protected page behind a service worker leads to the sign-in and back', async ({
  page,
  context,
}) => {
  await withWorker(page, context)
  await page.goto('/account')
  await pickUser(page)
  await expect(page).toHaveURL(/\/account$/)
  await expect(page.getByTestId('account-page')).toBeVisible()
})

test('L26: a link on another site leads through a service worker to a protected page', async ({
  page,
  context,
  app,
}) => {
  await withWorker(page, context)
  await openSignedIn(page)
  await page.route('http://other.example/', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<a href="${app.origin}/account">Go</a>` }),
  )
  await page.goto('http://other.example/')
  await page.getByRole('link').click()
  await expect(page.getByTestId('account-page')).toBeVisible()
})

for (const address of ['/bff/silent-login', '/bff/login?prompt=none']) {
  test(`L26: ${address} in an iframe behind a service worker says who is signed in`, async ({
    page,
    context,
  }) => {
    await withWorker(page, context)
    const ask = () =>
      page.evaluate(
        (src) =>
          new Promise((resolve) => {
            const frame = document.createElement('iframe')
            window.addEventListener('message', ({ data }) => {
              if (data?.source === 'bff-silent-login') resolve(data.isLoggedIn)
            })
            frame.src = src
            document.body.append(frame)
          }),
        address,
      )
    expect(await ask()).toBe(false)
    await openSignedIn(page)
    await context.clearCookies({ name: /bff/ })
    await page.reload()
    expect(await ask()).toBe(true)
  })
}
