import type { Browser, BrowserContext, Page } from 'playwright/test'
import { expect, openSignedIn, signIn, test } from './fixtures.ts'

/** Ten tabs of one browser, and the addresses of the streams that they have opened. */
async function tenTabs(page: Page, context: BrowserContext) {
  const streams: string[] = []
  context.on('request', (request) => {
    if (new URL(request.url()).pathname === '/bff/events') streams.push(request.url())
  })
  await openSignedIn(page)
  const tabs = [page]
  while (tabs.length < 10) {
    const tab = await context.newPage()
    await tab.goto('/')
    await expect(tab.getByTestId('signed-in')).toBeVisible()
    tabs.push(tab)
  }
  await expect(async () => expect(streams).toHaveLength(1)).toPass()
  return { tabs, streams }
}

/** Every tab shows it, without being looked at. Answers after how many milliseconds the last one did. */
async function allEmpty(tabs: readonly Page[], from: number): Promise<number> {
  await Promise.all(tabs.map((tab) => expect(tab.getByTestId('signed-out')).toBeVisible()))
  return Date.now() - from
}

const endings = {
  'another browser': async ({ browser }) => {
    const other = await browser.newContext()
    const page = await other.newPage()
    await openSignedIn(page)
    const from = Date.now()
    const status = await page.evaluate(async () => {
      const { status } = await fetch('/bff/sessions', {
        method: 'DELETE',
        headers: { 'x-csrf': '1' },
      })
      return status
    })
    expect(status).toBe(204)
    await other.close()
    return from
  },
  'the provider': async ({ context, app }) => {
    const elsewhere = await context.newPage()
    const from = Date.now()
    await elsewhere.goto(`${app.provider.issuer}/session/end`)
    return from
  },
  'one of the tabs': async ({ page }) => {
    const from = Date.now()
    await page.evaluate(async () => {
      await fetch('/bff/logout', { method: 'POST', headers: { 'x-csrf': '1' } })
    })
    return from
  },
} satisfies Record<
  string,
  (at: {
    browser: Browser
    context: BrowserContext
    page: Page
    app: { readonly provider: { readonly issuer: string } }
  }) => Promise<number>
>

for (const [title, end] of Object.entries(endings)) {
  test(`O14: ten tabs hold one stream, and a sign-out by ${title} empties all of them`, async ({
    page,
    context,
    browser,
    app,
  }, info) => {
    const { tabs } = await tenTabs(page, context)
    const from = await end({ browser, context, page, app })
    const ms = await allEmpty(tabs, from)
    info.annotations.push({ type: 'ms', description: String(ms) })
  })
}

test('O14: the tab that listens may go, and a server that was killed comes back', async ({
  page,
  context,
  app,
}) => {
  const { tabs, streams } = await tenTabs(page, context)
  await tabs.shift()?.close()
  await expect(async () => expect(streams).toHaveLength(2)).toPass()
  await app.crashAndRestart()
  await expect(async () => expect(streams.length).toBeGreaterThanOrEqual(3)).toPass()
  for (const tab of tabs) await expect(tab.getByTestId('signed-in')).toBeVisible()
  await signOutElsewhere(context, tabs)
})

async function signOutElsewhere(context: BrowserContext, tabs: readonly Page[]): Promise<void> {
  const tab = await context.newPage()
  await tab.goto('/')
  await tab.getByTestId('sign-out').click()
  await allEmpty(tabs, Date.now())
}

test('O13: two browsers, and one ends the other', async ({ page, browser }) => {
  await openSignedIn(page)
  const other = await browser.newContext()
  const there = await other.newPage()
  await there.goto('/')
  await signIn(there)
  await expect(there.getByTestId('signed-in')).toBeVisible()
  const listed = await page.evaluate(async () => {
    const headers = { 'x-csrf': '1' }
    const sessions = await (await fetch('/bff/sessions', { headers })).json()
    const others = sessions.filter((it: { current: boolean }) => !it.current)
    for (const { handle } of others) {
      await fetch(`/bff/sessions/${handle}`, { method: 'DELETE', headers })
    }
    return others
  })
  expect(listed.at(0)).toMatchObject({ browser: 'Chrome', system: 'Linux', current: false })
  await expect(there.getByTestId('signed-out')).toBeVisible()
  await expect(page.getByTestId('signed-in')).toBeVisible()
  await other.close()
})
