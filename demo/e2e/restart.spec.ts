import { expect, expectCall, openSignedIn, test } from './fixtures.ts'

test('a killed and restarted server still knows the session', async ({ page, app }) => {
  await openSignedIn(page)
  await app.crashAndRestart()
  await expectCall(page, 'orders', 200)
  await page.reload()
  await expect(page.getByTestId('user-name')).toHaveText('Alice Appleton')
})
