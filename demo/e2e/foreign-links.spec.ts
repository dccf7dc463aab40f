import { startDemoStack } from '../../test/support/demo-stack.ts'
import { test as base, expect } from './fixtures.ts'

/** Every page is behind the gate. */
const test = base.extend({
  app: [
    async ({ host }, use) => {
      const app = await startDemoStack({
        host,
        config: ({ api }) => ({
          remotes: { orders: { target: `${api.url}/orders`, token: 'user' } },
          spa: { protectedPages: ['/'] },
        }),
      })
      await use(app)
      await app.close()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
})

test('P29: no link on another site becomes a call that our own page makes', async ({
  page,
  app,
}) => {
  await page.goto('/')
  await page.getByRole('button', { name: /^alice\b/i }).click()
  await expect(page.getByTestId('signed-in')).toBeVisible()
  const call = '/api/remote/orders/7?delete=1'
  const hidden = '/_next/data/x/api/remote/orders/7.json?delete=1'
  const links = [
    ...[call, hidden, '/api%2fremote/orders/7?delete=1'],
    ...[call, hidden].map((path) => `/bff/login?returnUrl=${encodeURIComponent(path)}`),
  ]
  const answered: string[] = []
  page.on('response', (response) => answered.push(`${response.status()} ${response.url()}`))
  for (const link of links) {
    await page.route('http://other.example/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<a href="${app.origin}${link}">Go</a>` }),
    )
    await page.goto('http://other.example/')
    await page.getByRole('link').click()
    await page.waitForLoadState('networkidle')
    await page.unroute('http://other.example/')
  }
  const calls = answered.filter((it) => decodeURIComponent(it).includes('/orders/7'))
  expect(calls.length).toBeGreaterThanOrEqual(links.length)
  expect(calls.filter((it) => !it.startsWith('4'))).toEqual([])
  // The gate still does what it is for.
  await page.route('http://other.example/', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<a href="${app.origin}/account">Go</a>` }),
  )
  await page.goto('http://other.example/')
  await page.getByRole('link').click()
  await expect(page.getByTestId('account-page')).toBeVisible()
})
