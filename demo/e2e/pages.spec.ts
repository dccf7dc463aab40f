import { expect, openSignedIn, pickUser, test } from './fixtures.ts'

test('a protected page leads a visitor to the sign-in and back', async ({ page }) => {
  await page.goto('/account?tab=claims')
  await pickUser(page)
  await expect(page.getByTestId('account-page')).toBeVisible()
  await expect(page).toHaveURL(/\/account\?tab=claims$/)
})

test('a Server Component calls an API as the user, through a refresh too', async ({
  page,
  app,
}) => {
  await openSignedIn(page)
  await page.waitForTimeout(5500)
  const before = app.provider.counters.grants.refresh_token ?? 0
  await page.goto('/account')
  await expect(page.getByTestId('server-orders')).toContainText('Umbrella, black')
  expect(app.provider.counters.grants.refresh_token).toBe(before + 1)
})

test('a link on another site opens a protected page for somebody who is signed in', async ({
  page,
  app,
}) => {
  await openSignedIn(page)
  const before = app.provider.counters.authorization
  const body = `<!doctype html><title>other</title><a href="${app.origin}/account">Account</a>`
  await page.route('http://other.example/', (route) =>
    route.fulfill({ contentType: 'text/html', body }),
  )
  await page.goto('http://other.example/')
  await page.getByRole('link').click()
  await expect(page.getByTestId('account-page')).toBeVisible()
  await expect(page.getByText('alice@example.com').first()).toBeVisible()
  expect(app.provider.counters.authorization).toBe(before)
})

test('pages have a policy that lets no foreign script run', async ({ page }) => {
  const answer = await page.goto('/')
  const policy = answer?.headers()['content-security-policy'] ?? ''
  expect(policy).toMatch(/script-src[^;]*'nonce-/)
  expect(policy).toMatch(/frame-ancestors/)
  expect(policy).not.toMatch(/script-src[^;]*'unsafe-inline'/)
})

test('an unknown page is a page, and an unknown endpoint a problem', async ({ page }) => {
  expect((await page.goto('/nothing'))?.status()).toBe(404)
  await expect(page.getByRole('heading').first()).toBeVisible()
  const problem = await page.request.get('/bff/nothing')
  expect(problem.status()).toBe(404)
  expect(problem.headers()['content-type']).toContain('application/problem+json')
})
