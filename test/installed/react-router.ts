import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleStage } from '../support/installed-example.ts'

test('React Router: sign-in, a local API, a remote one with a stream and an upload, the way out', async (t) => {
  const { browser, start, run } = await exampleStage(t)
  await run('@react-router/dev/bin.js', ['build'])
  const running = await start('@react-router/serve/bin.js', ['./build/server/index.js'])
  const page = await browser.newPage()
  await page.goto(running.origin)
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
  assert.equal(await call('/api/remote/orders/x?a=1'), '200 orders for Bearer ')
  // The API says the next word when it was told that the last one was read.
  const words = await page.evaluate(async () => {
    const { body } = await fetch('/api/remote/orders/words', { headers: { 'x-csrf': '1' } })
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
    const heard: (string | undefined)[] = []
    for (let i = 0; i < 3; i += 1) {
      heard.push((await reader?.read())?.value)
      await fetch('/api/remote/orders/next', { headers: { 'x-csrf': '1' } })
    }
    return heard
  })
  assert.deepEqual(words, ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n'])
  const upload = 'x'.repeat(2_000_000)
  assert.equal((await call('/api/remote/orders/echo', 'POST', upload)).length, 4 + upload.length)
  assert.match(await call('/bff/logout', 'POST'), /^200 /)
  assert.match(await call('/todos'), /^401 /)
  assert.equal(typeof (await running.end()), 'number')
})
