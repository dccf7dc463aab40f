import { createServer } from 'node:http'
import { listen } from '../test/support/app.ts'
import { type DemoStack, startDemoStack } from '../test/support/demo-stack.ts'
import { expect, test } from './fixtures.ts'

const script = "<script>fetch('/bff/user?ran', { keepalive: true })</script>"
const page = `<!doctype html><title>upload</title>${script}`
const picture = `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`

/** What an uploader made the API keep, by the types that it gave. */
const types: Readonly<Record<string, string | string[] | undefined>> = {
  page: 'text/html',
  list: 'application/json, text/html',
  twice: ['application/json', 'text/html'],
  quoted: 'application/json; a=", text/html"',
  image: 'image/svg+xml',
  none: undefined,
}

test.describe('an uploaded page', () => {
  let stack: DemoStack
  let revalidated = 0
  const files = createServer((request, response) => {
    const name = (request.url ?? '').slice(1)
    const own = { etag: `"${name}"`, 'cache-control': 'private, no-cache' }
    // The API's own policy, on the page and, worse, on the 304 that follows it.
    response.setHeader('content-security-policy', "script-src * 'unsafe-inline'")
    response.setHeader('x-frame-options', 'SAMEORIGIN')
    for (const [header, value] of Object.entries(own)) response.setHeader(header, value)
    if (request.headers['if-none-match']) {
      revalidated += 1
      response.writeHead(304).end()
      return
    }
    const type = types[name]
    if (type !== undefined) response.setHeader('content-type', type)
    response.end(name === 'image' ? picture : page)
  })

  test.beforeAll(async ({ host }) => {
    const target = await listen(files)
    stack = await startDemoStack({
      host,
      config: () => ({ remotes: { files: { target, token: 'none', cache: 'private' } } }),
    })
  })
  test.afterAll(async () => {
    await stack.close()
    files.closeAllConnections()
    files.close()
  })

  for (const name of Object.keys(types)) {
    test(`P30: never runs on the app’s origin, at no visit (${name})`, async ({ page }) => {
      const before = revalidated
      for (let visit = 0; visit < 3; visit += 1) {
        await page.goto(`${stack.origin}/`)
        await Promise.all([
          page.waitForURL(`**/files/${name}`, { waitUntil: 'load' }),
          page.evaluate((path) => {
            location.href = path
          }, `/api/remote/files/${name}`),
        ])
      }
      await page.goto(`${stack.origin}/`)
      expect(revalidated).toBeGreaterThan(before)
      expect(stack.sent()).not.toContain('/bff/user?ran')
    })
  }
})
