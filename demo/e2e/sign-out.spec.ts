import { expect, expectCall, openSignedIn, signOut, test } from './fixtures.ts'

test('O1, T8: after a sign-out the refresh token is dead and the second tab knows', async ({
  page,
  context,
  app,
}) => {
  await openSignedIn(page)
  const second = await context.newPage()
  await second.goto('/')
  await expect(second.getByTestId('signed-in')).toBeVisible()
  const refreshToken = app.provider.issued.findLast(({ kind }) => kind === 'RefreshToken')?.value
  expect(await app.provider.isActive(refreshToken ?? '')).toBe(true)

  await signOut(page)

  await expect(async () => {
    expect(await app.provider.isActive(refreshToken ?? '')).toBe(false)
  }).toPass()
  await second.bringToFront()
  await expect(second.getByTestId('signed-out')).toBeVisible()
  await expectCall(second, 'orders', 401)
  const names = (await context.cookies()).map(({ name }) => name)
  expect(names.filter((name) => !name.startsWith('_demo_idp'))).toEqual([])
})

test('O1: the sign-out ends the session at the provider as well', async ({ page }) => {
  await openSignedIn(page)
  await signOut(page)
  await page.getByTestId('sign-in').click()
  await expect(page.getByRole('heading', { name: 'Who is signing in?' })).toBeVisible()
})

test('O2: a sign-out at the provider ends the session here', async ({ page, context, app }) => {
  await openSignedIn(page)
  const elsewhere = await context.newPage()
  await elsewhere.goto(`${app.provider.issuer}/session/end`)
  await expect(elsewhere.getByRole('heading', { name: 'You are signed out' })).toBeVisible()
  await page.reload()
  await expect(page.getByTestId('signed-out')).toBeVisible()
})
