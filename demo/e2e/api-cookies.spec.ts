import type { BrowserContext, Page } from 'playwright/test'
import { type DemoStack, startDemoStack } from '../../test/support/demo-stack.ts'
import { startUpstream, type Upstream } from '../../test/support/remote-fixture.ts'
import { test as base, expect, signIn, signOut } from './fixtures.ts'
import { startTlsTerminator } from './tls-terminator.ts'

interface Shop {
  origin: string
  stack: DemoStack
  /** Sets the cookies of `?set=`, below `/slow` when it is told to. */
  api: Upstream
  /** Lets the slow answers go. */
  answer: () => number
}

const test = base.extend<object, { shop: Shop }>({
  shop: [
    async ({ host }, use) => {
      const slow: (() => void)[] = []
      const api = await startUpstream(({ url = '' }, response) => {
        const lines = new URL(url, 'http://api').searchParams.getAll('set')
        const send = () => response.writeHead(200, { 'set-cookie': lines }).end('answered')
        if (url.startsWith('/slow')) slow.push(send)
        else send()
      })
      const terminator = await startTlsTerminator()
      const origin = `https://app.cloak.localhost:${terminator.port}`
      const stack = await startDemoStack({
        host,
        provider: { publicOrigins: [origin] },
        env: { BFF_BASE_URL: origin, BFF_TRUST_PROXY: '127.0.0.1/32' },
        config: () => ({ remotes: { shop: { target: api.origin, cookies: ['csrf', 'cart'] } } }),
      })
      terminator.target = stack.cloakroom().port
      const answer = () => slow.splice(0).map((send) => send()).length
      await use({ origin, stack, api, answer })
      await terminator.close()
      await stack.close()
      await api.close()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  ignoreHTTPSErrors: true,
})

/** What a script of the page reads. */
const fetched = (page: Page, path: string, ...set: string[]) =>
  page.evaluate(
    async (address) => (await fetch(address, { headers: { 'x-csrf': '1' } })).text(),
    `/api/remote/shop/${path}?${new URLSearchParams(set.map((line) => ['set', line]))}`,
  )
const ofTheApi = async (context: BrowserContext) =>
  (await context.cookies())
    .filter(({ name }) => /^(csrf|cart)$/.test(name))
    .map(({ value }) => value)

test('P26: two people in one browser, and none gets the other’s cookies of an API', async ({
  page,
  context,
  shop,
}) => {
  const setting = (who: string) => [
    `csrf=${who}; Path=/; SameSite=Lax`,
    `cart=${who}; Path=/carts/open; HttpOnly; SameSite=Strict`,
  ]
  await page.goto(shop.origin)
  await signIn(page)
  await expect(page.getByTestId('signed-in')).toBeVisible()
  expect(await fetched(page, 'x', ...setting('alice'))).toBe('answered')
  expect(await ofTheApi(context)).toEqual(['alice', 'alice'])
  expect(await page.evaluate(() => document.cookie)).toBe('csrf=alice')
  await fetched(page, 'carts/open/1')
  expect(shop.api.requests.at(-1)?.headers.cookie).toBe('cart=alice; csrf=alice')

  const second = await context.newPage()
  await second.goto(shop.origin)
  const slow = fetched(second, 'slow', ...setting('late'))
  await expect.poll(() => shop.api.requests.at(-1)?.url).toContain('/slow')
  await page.bringToFront()
  await signOut(page)
  await expect.poll(() => ofTheApi(context)).toEqual([])
  await signIn(page, 'bob')
  await expect(page.getByTestId('signed-in')).toBeVisible()
  expect(shop.answer()).toBe(1)
  expect(await slow).toBe('answered')
  expect(await ofTheApi(context)).toEqual([])

  await fetched(page, 'carts/open/1', ...setting('bob'))
  expect(shop.api.requests.at(-1)?.headers.cookie).toBeUndefined()
  await fetched(page, 'carts/open/1')
  expect(shop.api.requests.at(-1)?.headers.cookie).toBe('cart=bob; csrf=bob')
})
