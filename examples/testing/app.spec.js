import { expect, test } from '@playwright/test'
import { openBff } from 'cloakroom'
import { signIn } from 'cloakroom/testing'
import config from './bff.config.js'

test('Alice sees her todos', async ({ browser, baseURL }) => {
  const bff = await openBff(config)
  const { storageState } = await signIn(bff, { sub: 'alice', claims: { name: 'Alice' } })
  const context = await browser.newContext({ baseURL, storageState })
  const page = await context.newPage()
  await page.goto('/')
  await expect(page.getByText('Todos of alice')).toBeVisible()
})

test('nobody sees none', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByText('Sign in')).toBeVisible()
})
