import { expect, openSignedIn, pickUser, signIn, test } from './fixtures.ts'

test('a sign-in leads back to the page that it was started from', async ({ page }) => {
  await page.goto('/orders/A-1002?from=mail#total')
  await signIn(page, 'bob')
  await expect(page).toHaveURL(/\/orders\/A-1002\?from=mail#total$/)
  await expect(page.getByTestId('order-page')).toHaveAttribute('data-state', 'found')
  await page.goto('/')
  await expect(page.getByTestId('user-name')).toHaveText('Bob Baker')
})

test('L2: two sign-ins in two tabs both succeed', async ({ page, context }) => {
  const other = await context.newPage()
  for (const tab of [page, other]) {
    await tab.goto('/')
    await tab.getByTestId('sign-in').click()
    await expect(tab.getByRole('heading', { name: 'Who is signing in?' })).toBeVisible()
  }
  for (const tab of [other, page]) {
    await pickUser(tab, 'carol')
    await expect(tab.getByTestId('user-name')).toHaveText('Carol Castillo')
  }
  await other.reload()
  await expect(other.getByTestId('user-name')).toHaveText('Carol Castillo')
})

test('a cancelled sign-in says so and leaves nothing behind', async ({ page, context }) => {
  await page.goto('/')
  await page.getByTestId('sign-in').click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('heading')).toContainText('cancelled')
  const names = (await context.cookies()).map(({ name }) => name)
  expect(names.filter((name) => !name.startsWith('_demo_idp'))).toEqual([])
})

test('S1: scripts see no cookie and the ticket is Strict', async ({ page, context }) => {
  await openSignedIn(page)
  expect(await page.evaluate(() => document.cookie)).toBe('')
  const ticket = (await context.cookies()).filter(({ name }) => !name.startsWith('_demo_idp'))
  expect(ticket).toHaveLength(1)
  expect(ticket[0]).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' })
})

test('the back button after a sign-in does no harm', async ({ page }) => {
  await openSignedIn(page)
  await page.goBack()
  await page.goto('/')
  await expect(page.getByTestId('signed-in')).toBeVisible()
})
