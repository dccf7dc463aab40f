import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { exampleFolder, exampleStage } from '../support/installed-example.ts'

const next = 'next/dist/bin/next'

for (const bundler of ['--turbopack', '--webpack']) {
  test(`a Next app with a proxy.ts and a static page, built with ${bundler}`, async (t) => {
    const { browser, start, run } = await exampleStage(t)
    rmSync(join(exampleFolder, '.next'), { recursive: true, force: true })
    const built = await run(next, ['build', bundler])
    assert.match(built, /○ \/static/)
    assert.doesNotMatch(built, /warn|⚠|cloakroom/i)
    const { origin } = await start(next, ['start'])
    const page = await browser.newPage()

    const answer = await page.goto(`${origin}/static`)
    assert.equal(answer?.headers()['x-nextjs-cache'], 'HIT')
    assert.equal(answer?.headers()['x-mine'], '1')
    assert.equal(answer?.headers()['x-frame-options'], 'DENY')
    await page.click('button')
    await page.waitForSelector('button:has-text("1")')

    await page.goto(origin)
    assert.equal(await page.textContent('p'), 'nobody')
    await page.goto(`${origin}/bff/login?returnUrl=/`)
    await page.waitForSelector('p:has-text("Hello alice")')
    const call = (path: string, method = 'GET', body?: string) =>
      page.evaluate(
        async ([to, how, what]) => {
          const headers = { 'x-csrf': '1' }
          const found = await fetch(to, { method: how, headers, ...(what ? { body: what } : {}) })
          return `${found.status} ${await found.text()}`
        },
        [path, method, body] as [string, string, string | undefined],
      )
    assert.equal(await call('/todos'), '200 {"sub":"alice"}')
    assert.equal(await call('/orders/x%20y?z=1'), '200 orders for Bearer ')
    assert.equal(await call('/orders/echo', 'POST', 'x'.repeat(9000)), `200 ${'x'.repeat(9000)}`)
    assert.match(await call('/api/remote/orders'), /^404 /)
    assert.match(await call('/bff/logout', 'POST'), /^200 /)
    assert.match(await call('/todos'), /^401 /)
  })
}
