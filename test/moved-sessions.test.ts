import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'

const owner = { 'x-forwarded-for': '203.0.113.7', 'user-agent': 'Firefox' }

let app: App
before(async () => {
  app = await startApp({ env: { BFF_TRUST_PROXY: '127.0.0.0/8,::1/128' } })
})
after(() => app.close())
beforeEach(() => {
  app.log.events.length = 0
})

const moved = () =>
  app.log.events
    .filter(({ event }) => event === 'session.moved')
    .map(({ fields }) => fields as { what: string; client?: string })

async function signedIn(): Promise<AppBrowser> {
  const browser = app.browser()
  await browser.signInHere()
  await call(browser, owner)
  return browser
}

const call = async (browser: AppBrowser, headers: Record<string, string>) => {
  const { status } = await browser.call('/api/remote/api/x', { headers })
  assert.equal(status, 200)
}

for (const [what, change] of [
  ['address', { 'x-forwarded-for': '198.51.100.9' }],
  ['browser', { 'user-agent': 'curl/8' }],
  ['address_and_browser', { 'x-forwarded-for': '198.51.100.9', 'user-agent': 'curl/8' }],
] as const) {
  test(`A54: a ticket that is used from elsewhere is told (${what}), and served`, async () => {
    const browser = await signedIn()
    await call(browser, { ...owner, ...change })
    assert.deepEqual(
      moved().map((it) => [it.what, it.client]),
      [[what, { ...owner, ...change }['x-forwarded-for']]],
    )
    await call(browser, { ...owner, ...change })
    assert.equal(moved().length, 1)
  })
}

test('A54: nothing is told of one place, of a network of IPv6, or of two people', async () => {
  const one = await signedIn()
  const other = await signedIn()
  await call(one, { ...owner, 'x-forwarded-for': '2001:db8::1' })
  app.log.events.length = 0
  await call(one, { ...owner, 'x-forwarded-for': '2001:db8::2' })
  await call(other, owner)
  await call(one, { ...owner, 'x-forwarded-for': '2001:db8::2' })
  assert.deepEqual(moved(), [])
})

test('A54: a name of a browser that is too long to keep is known again all the same', async () => {
  const browser = await signedIn()
  const long = { ...owner, 'user-agent': `${'x'.repeat(4000)}1` }
  await call(browser, long)
  app.log.events.length = 0
  await call(browser, long)
  assert.deepEqual(moved(), [])
  await call(browser, { ...long, 'user-agent': `${'x'.repeat(4000)}2` })
  assert.deepEqual(
    moved().map(({ what }) => what),
    ['browser'],
  )
})
