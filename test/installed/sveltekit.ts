import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { exampleStage } from '../support/installed-example.ts'

test('SvelteKit on Node: sign-in, a local API, a remote one with an upload, the way out', async (t) => {
  const { browser, start, run } = await exampleStage(t)
  await run('vite/bin/vite.js', ['build'])
  const PORT = String(await freePort())
  // SvelteKit has a rule of its own against foreign forms, and a limit for bodies.
  const ORIGIN = `http://localhost:${PORT}`
  const env = { PORT, ORIGIN, BFF_BASE_URL: ORIGIN, BODY_SIZE_LIMIT: 'Infinity' }
  const running = await start('../build/index.js', [], env)
  const page = await browser.newPage()
  await page.goto(ORIGIN)
  await page.click('text=Sign in')
  await page.waitForSelector('p:has-text("Hello alice")')
  const call = (path: string, method = 'GET', body?: string) =>
    page.evaluate(
      async ([to, how, what]) => {
        const headers = { 'x-csrf': '1', 'content-type': 'application/json' }
        const found = await fetch(to, { method: how, headers, ...(what ? { body: what } : {}) })
        return `${found.status} ${await found.text()}`
      },
      [path, method, body] as [string, string, string | undefined],
    )
  assert.equal(await call('/todos'), '200 {"sub":"alice"}')
  assert.equal(await call('/todos', 'POST', '{"title":"x"}'), '201 {"added":"x"}')
  assert.equal(await call('/api/remote/orders/x'), '200 orders for Bearer ')
  const upload = 'x'.repeat(2_000_000)
  assert.equal((await call('/api/remote/orders/echo', 'POST', upload)).length, 4 + upload.length)
  assert.match(await call('/bff/logout', 'POST'), /^200 /)
  assert.match(await call('/todos'), /^401 /)
  assert.equal(typeof (await running.end()), 'number')
})
