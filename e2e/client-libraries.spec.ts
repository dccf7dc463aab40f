import type { Use } from './client-libraries/in-the-page.ts'
import { type LibraryStack, startLibraryStack } from './client-libraries/stack.ts'
import { test as base, expect, type WorkerOptions } from './fixtures.ts'

declare const window: { use: Use }

const test = base.extend<object, WorkerOptions & { stack: LibraryStack }>({
  stack: [
    async ({ host }, use) => {
      const stack = await startLibraryStack(host)
      await use(stack)
      await stack.close()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  app: [async ({ stack }, use) => use(stack), { scope: 'worker' }],
})

test.beforeEach(({ page, stack }) => stack.open(page))

test('axios calls an API and reads its refusals', async ({ page }) => {
  expect(await page.evaluate(() => window.use('axios'))).toEqual({
    data: { method: 'POST', url: '/echo?q=a+b', body: { text: 'Grüße' } },
    refused: [404, { error: 'none' }],
  })
})

test('urql queries', async ({ page }) => {
  expect(await page.evaluate(() => window.use('urql'))).toEqual({ hello: 'Grüße' })
})

test('urql subscribes by graphql-ws, where the host carries WebSockets', async ({ page, host }) => {
  const numbers = page.evaluate(() => window.use('subscriptions'))
  if (host === 'node') expect(await numbers).toEqual([1, 2])
  else await expect(numbers).rejects.toThrow()
})

test('tRPC gets a stream as it is made, in a batch', async ({ page }) => {
  const expected = { hello: 'Grüße', numbers: [1, 2] }
  expect(await page.evaluate(() => window.use('trpc'))).toEqual(expected)
})

for (const transport of ['polling', 'websocket'] as const) {
  test(`Socket.IO talks both ways, by ${transport}`, async ({ page, host }) => {
    const talk = page.evaluate((name) => window.use('socketIo', name), transport)
    if (transport === 'polling' || host === 'node') {
      expect(await talk).toEqual({ welcome: [0, 128, 255], answer: 'Grüße, too' })
    } else await expect(talk).rejects.toThrow()
  })
}

test('tus goes on with an upload after a pause and after a cut', async ({ page, stack }) => {
  const { address, same } = await page.evaluate(() => window.use('tus'))
  expect(address).toBe('/api/remote/libraries/files/1')
  expect(same).toBe(true)
  expect(stack.apis.uploads).toEqual([0, 100_000, 150_000, 250_000])
})

test('the OpenAI SDK shows an answer while it is made', async ({ page }) => {
  expect(await page.evaluate(() => window.use('openai'))).toBe('1 2 ')
})
