import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp({ config: { frontchannel: { enabled: true } } })
})
after(() => app.close())

const head = (browser: AppBrowser, target: string) =>
  browser.send(new URL(target, app.origin), {
    method: 'HEAD',
    ...(target.includes('/frontchannel?') ? { headers: { 'sec-fetch-dest': 'iframe' } } : {}),
  })

/** Looks at an address as a link checker does, and sees that nothing came of it. */
async function look(browser: AppBrowser, target: string): Promise<void> {
  const asked = app.provider.requests.length
  const { status, headers, body } = await head(browser, target)
  assert.deepEqual([status, body, headers.getSetCookie()], [200, '', []], target)
  assert.equal(headers.get('location'), null)
  assert.equal(app.provider.requests.length, asked, target)
}

describe('HEAD', () => {
  test('P24: HEAD changes nothing where GET would, and GET works afterwards', async () => {
    const browser = app.browser()
    for (const path of ['/bff/login', '/bff/silent-login', '/bff/login?returnUrl=//evil.example']) {
      await look(browser, path)
    }
    const login = await browser.send(`${app.origin}/bff/login?returnUrl=/back`)
    const callback = await app.provider.approve(login.headers.get('location') ?? '')
    await look(browser, callback.href)
    const signedIn = await browser.send(callback)
    assert.equal(signedIn.headers.get('location'), '/back')

    const logout = String((await browser.user())?.['bff:logout_url'])
    const iss = encodeURIComponent(app.provider.issuer)
    await look(browser, `/bff/frontchannel?iss=${iss}&sid=${app.provider.state.sid}`)
    await look(browser, logout)
    assert.ok(await browser.user())

    const { headers } = await browser.send(`${app.origin}${logout}&returnUrl=/bye`)
    const end = await browser.send(headers.get('location') ?? '')
    const back = new URL(end.headers.get('location') ?? '')
    await look(browser, back.href)
    assert.equal((await browser.send(back)).headers.get('location'), '/bye')
  })

  test('P24: HEAD is answered as GET elsewhere, without the body', async () => {
    const browser = app.browser()
    await browser.signInHere()
    for (const [path, status] of [
      ['/bff/health/live', 200],
      ['/bff/health/ready', 200],
      ['/bff/user', 200],
      ['/bff/silent-login-callback', 200],
      ['/bff/diagnostics', 404],
    ] as const) {
      const get = await browser.call(path)
      const answer = await browser.call(path, { method: 'HEAD' })
      assert.deepEqual([answer.status, answer.body], [status, ''], path)
      assert.deepEqual(lasting(answer.headers), lasting(get.headers), path)
    }
    const foreign = { method: 'HEAD', headers: { 'sec-fetch-site': 'cross-site', 'x-csrf': '' } }
    assert.equal((await browser.call('/bff/user', foreign)).status, 403)
    assert.equal((await app.browser().call('/bff/user', { method: 'HEAD' })).status, 401)
    const refused = await browser.call('/bff/backchannel', { method: 'HEAD' })
    assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'POST'])
  })
})

test('P24: HEAD is there where GET is, and not where it is not', async (t) => {
  const withLess = await startApp()
  t.after(() => withLess.close())
  for (const { origin } of [app, withLess]) {
    for (const name of [
      ...['login', 'callback', 'logout', 'logout-callback', 'user', 'silent-login'],
      ...['silent-login-callback', 'backchannel', 'frontchannel', 'diagnostics', 'nothing'],
      ...['health/live', 'health/ready', 'health'],
    ]) {
      const ask = async (method: string) =>
        (await fetch(`${origin}/bff/${name}`, { method, redirect: 'manual' })).status
      const isThere = (status: number) => status !== 404 && status !== 405
      const [get, asHead] = [await ask('GET'), await ask('HEAD')]
      assert.equal(isThere(asHead), isThere(get), `${name}: GET ${get}, HEAD ${asHead}`)
    }
  }
})

test('P24: one slash at the end of an address is the same address', async () => {
  const browser = app.browser()
  const login = await browser.send(`${app.origin}/bff/login/?returnUrl=/back`)
  const asked = new URL(login.headers.get('location') ?? '')
  assert.equal(asked.searchParams.get('redirect_uri'), `${app.origin}/bff/callback`)
  const callback = await app.provider.approve(asked)
  callback.pathname += '/'
  assert.equal((await browser.send(callback)).headers.get('location'), '/back')
  // What was registered is what the code is redeemed for.
  const [redeemed] = app.provider.tokenRequests('authorization_code').slice(-1)
  assert.equal(redeemed?.get('redirect_uri'), `${app.origin}/bff/callback`)
  assert.equal((await browser.call('/bff/user/')).status, 200)
  assert.equal((await browser.call('/bff/health/ready/')).status, 200)
  for (const path of ['/bff/user//', '/bff/', '/bff//user', '/bff/user/x', '/bff/%75ser/']) {
    assert.match(String((await browser.call(path)).status), /^40[04]$/, path)
  }
})

function lasting(headers: Headers): Record<string, string> {
  // Nor what is the connection's: our client closes it after a HEAD.
  const own = new Set(['x-request-id', 'date', 'connection', 'keep-alive'])
  const kept = [...headers].filter(([name]) => !own.has(name))
  return Object.fromEntries(kept.map(([name, value]) => [name, value.replace(/'nonce-[^']+'/, '')]))
}
