import { expect, expectCall, openSignedIn, pickUser, test } from './fixtures.ts'

test('a call of a signed-out page is answered 401 without the API', async ({ page, app }) => {
  await page.goto('/')
  const before = app.api.received.length
  await expectCall(page, 'orders', 401)
  expect(app.api.received.length).toBe(before)
  await expectCall(page, 'news', 200)
})

test('a call reaches the API with a token and without the cookie', async ({ page, app }) => {
  await openSignedIn(page)
  await expectCall(page, 'orders', 200)
  const call = app.api.received.at(-1)
  expect(call?.claims?.sub).toBe('alice')
  expect(call?.headers.cookie).toBeUndefined()
  expect(call?.headers['x-csrf']).toBeUndefined()
})

test('T1: calls after the token has expired cost one refresh, and nobody notices', async ({
  page,
  app,
}) => {
  const { controls, counters } = app.provider
  controls.accessTokenSeconds = 2
  await openSignedIn(page)
  controls.accessTokenSeconds = 300
  const before = counters.grants.refresh_token ?? 0
  await page.waitForTimeout(2500)
  const statuses = await page.evaluate(async () => {
    const calls = Array.from({ length: 8 }, () => fetch('/api/remote/orders'))
    return (await Promise.all(calls)).map(({ status }) => status)
  })
  controls.accessTokenSeconds = 5
  expect(statuses).toEqual(Array(8).fill(200))
  expect((counters.grants.refresh_token ?? 0) - before).toBe(1)
  await expect(page.getByTestId('signed-in')).toBeVisible()
})

test('P5: events arrive one by one', async ({ page }) => {
  await openSignedIn(page)
  await page.getByTestId('call-stream').click()
  await expect(page.getByTestId('answer')).toContainText('"sent":2')
  await page.getByTestId('stop-stream').click()
})

test('T13: an API that wants a stronger sign-in gets it', async ({ page }) => {
  await openSignedIn(page)
  await expectCall(page, 'step-up', 401)
  await page.getByTestId('follow-login').click()
  await expect(page.getByLabel('Code')).toBeVisible()
  await pickUser(page)
  await expect(page.getByTestId('signed-in')).toBeVisible()
  await expectCall(page, 'step-up', 200)
})

test('a page of another origin cannot call, though the browser sends the cookie', async ({
  page,
  app,
}) => {
  await openSignedIn(page)
  const calls = () => app.api.received.filter(({ path }) => path.startsWith('/orders')).length
  const before = calls()
  // Same site (localhost), another port: SameSite does not help here.
  await page.goto(app.api.url)
  const answer = page.waitForResponse(`${app.origin}/api/remote/orders/echo`)
  const outcome = await page.evaluate(async (origin) => {
    const simple = { method: 'POST', mode: 'no-cors', credentials: 'include' } as const
    await fetch(`${origin}/api/remote/orders/echo`, simple).catch(() => undefined)
    return fetch(`${origin}/bff/user`, { credentials: 'include' }).then(
      () => 'readable',
      () => 'refused',
    )
  }, app.origin)
  expect((await answer).status()).toBe(403)
  const [call] = app.sent().match(/POST \/api\/remote\/orders\/echo HTTP.*?\r\n\r\n/s) ?? []
  expect(call).toMatch(/\r\nSec-Fetch-Site: same-site\r\n.*\r\nCookie: [^\r]*bff-\d+=/s)
  expect(outcome).toBe('refused')
  expect(calls()).toBe(before)
})
