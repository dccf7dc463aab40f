import assert from 'node:assert/strict'
import { it } from 'node:test'
import { describeOnBothHosts } from './support/both-hosts.ts'
import { createHttpBrowser, type HttpBrowser } from './support/http-browser.ts'
import { until } from './support/remote-fixture.ts'

describeOnBothHosts('two people in one browser', (at) => {
  async function signIn(browser: HttpBrowser, sub: string): Promise<void> {
    at.provider.state.claims = { sub }
    const end = await browser.visit(`${at.running.origin}/bff/login`, {
      until: ({ pathname }) => pathname === '/',
    })
    assert.equal(end.status, 303)
  }
  const fetchFrom = (browser: HttpBrowser, path: string, method = 'GET') =>
    browser.send(at.running.origin + path, {
      ...{ method, from: at.running.origin, dest: 'empty', headers: { 'x-csrf': '1' } },
    })
  const setting = (name: string, who: string) =>
    `/api/remote/kept/${name}?set-cookie=csrf%3D${who};Path%3D/&set-cookie=lb%3D${who}`

  for (const [what, leave] of [
    ['signed in over her', async () => undefined],
    ['signed in after her', (browser) => fetchFrom(browser, '/bff/logout', 'POST')],
  ] as [string, (browser: HttpBrowser) => Promise<unknown>][]) {
    it(`P26: Alice’s slow answer gives Bob none of her cookies, who has ${what}`, async () => {
      const browser = createHttpBrowser()
      await signIn(browser, 'alice')
      await fetchFrom(browser, setting('x', 'alice'))
      const slow = fetchFrom(browser, setting('held', 'alice'))
      await until(() => at.api.held.length === 1)
      await leave(browser)
      await signIn(browser, 'bob')
      at.api.held.pop()?.()
      const { status, body, headers } = await slow
      assert.deepEqual([status, body, headers.getSetCookie()], [200, '{"ok":true}', []])

      at.api.forget()
      await fetchFrom(browser, '/api/remote/kept/x')
      assert.equal(at.api.seen[0]?.headers.cookie, undefined)
      await fetchFrom(browser, setting('x', 'bob'))
      await fetchFrom(browser, '/api/remote/kept/x')
      assert.equal(at.api.seen.at(-1)?.headers.cookie, 'csrf=bob; lb=bob')
    })
  }

  it('P26: a slow answer brings its cookies to who has stayed', async () => {
    const browser = createHttpBrowser()
    await signIn(browser, 'alice')
    const slow = fetchFrom(browser, setting('held', 'alice'))
    await until(() => at.api.held.length === 1)
    at.api.held.pop()?.()
    assert.equal((await slow).status, 200)
    await fetchFrom(browser, '/api/remote/kept/x')
    assert.equal(at.api.seen.at(-1)?.headers.cookie, 'csrf=alice; lb=alice')
  })
})
