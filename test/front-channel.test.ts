import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'

let app: App
let iss: string
before(async () => {
  app = await startApp({ config: { frontchannel: { enabled: true } } })
  iss = encodeURIComponent(app.provider.issuer)
})
after(() => app.close())
beforeEach(() => {
  app.log.events.length = 0
})

async function signedIn(on = app): Promise<AppBrowser> {
  const browser = on.browser()
  await browser.signInHere()
  return browser
}

/** As the iframe of the provider's page asks. `by` sends its cookies where the provider is on the same site. */
const frame = (by: AppBrowser, query: string, dest = 'iframe') =>
  by.call(`/bff/frontchannel${query}`, { headers: { 'sec-fetch-dest': dest } })

const misses = () =>
  app.log.events.filter(({ event }) => event.startsWith('request.')).map(({ fields }) => fields)

describe('front-channel logout (OpenID Connect Front-Channel Logout 1.0)', () => {
  test('O3: iss and sid must both match', async () => {
    const browser = await signedIn()
    for (const query of [
      '',
      `?iss=${iss}`,
      `?sid=${app.provider.state.sid}`,
      `?iss=x&sid=${app.provider.state.sid}`,
      `?iss=${iss}&sid=x`,
      `?iss=${iss}&iss=${iss}&sid=${app.provider.state.sid}`,
      `?iss=${iss}&sid=${app.provider.state.sid}&sid=${app.provider.state.sid}`,
    ]) {
      assert.equal((await frame(browser, query)).status, 400, query)
    }
    const foreign = await frame(app.browser(), `?iss=x&sid=${app.provider.state.sid}`)
    assert.equal(foreign.status, 400)
    assert.equal((await browser.user())?.sub, 'alice')
    const answer = await frame(browser, `?iss=${iss}&sid=${app.provider.state.sid}`)
    assert.equal(answer.status, 200)
    assert.equal(await browser.user(), undefined)
  })

  test('O3: ends the session when the browser sends no cookie into the iframe', async () => {
    const browser = await signedIn()
    const answer = await browser.send(
      `${app.origin}/bff/frontchannel?iss=${iss}&sid=${app.provider.state.sid}`,
      {
        from: app.provider.issuer,
        dest: 'iframe',
      },
    )
    assert.equal(answer.status, 200)
    assert.equal(await browser.user(), undefined)
  })

  test('O7: it is not there unless it was asked for', async (t) => {
    const plain = await startApp()
    t.after(() => plain.close())
    const browser = await signedIn(plain)
    const query = `?iss=${encodeURIComponent(plain.provider.issuer)}&sid=${plain.provider.state.sid}`
    for (const by of [browser, plain.browser()]) {
      const answer = await frame(by, query)
      assert.equal(answer.status, 404)
      assert.equal(JSON.parse(answer.body).code, 'not_found')
    }
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test("O7: without the provider's sid a session ends by its own cookie only", async () => {
    const { sid } = app.provider.state
    app.provider.state.sid = undefined
    try {
      const browser = await signedIn()
      const handle = String((await browser.user())?.['bff:logout_url']).split('sid=')[1]
      for (const query of ['', `?iss=${iss}`, `?iss=${iss}&sid=${handle}`, `?iss=${iss}&sid=`]) {
        await frame(app.browser(), query)
        assert.equal((await browser.user())?.sub, 'alice', query)
      }
      assert.equal((await frame(browser, '?iss=https://evil.example')).status, 400)
      assert.equal((await browser.user())?.sub, 'alice')
      for (const query of ['', `?iss=${iss}`, `?iss=${iss}&sid=unknown-here`]) {
        const own = await signedIn()
        assert.equal((await frame(own, query)).status, 200, query)
        assert.equal(await own.user(), undefined, query)
      }
    } finally {
      app.provider.state.sid = sid
    }
  })

  test('O7: every miss is in the log', async () => {
    for (const query of ['', `?iss=x&sid=${app.provider.state.sid}`, `?iss=${iss}&sid=nobodys`]) {
      app.log.events.length = 0
      await frame(app.browser(), query)
      assert.equal(misses().length, 1, query)
    }
    assert.deepEqual((misses()[0] as { what: string }).what, 'frontchannel_missed')
    const browser = await signedIn()
    app.log.events.length = 0
    await frame(browser, `?iss=${iss}&sid=nobodys`)
    assert.equal((misses()[0] as { code: string }).code, 'sid_mismatch')
  })

  test('O12: a service worker of ours that asks for what an iframe loads is heard', async () => {
    const browser = await signedIn()
    const query = `?iss=${iss}&sid=${app.provider.state.sid}`
    const headers = { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'navigate' }
    assert.equal((await browser.call(`/bff/frontchannel${query}`, { headers })).status, 200)
    assert.equal(await browser.user(), undefined)
  })

  test('O12: a browser that loads it as anything but an iframe is refused', async () => {
    const browser = await signedIn()
    const query = `?iss=${iss}&sid=${app.provider.state.sid}`
    for (const dest of ['document', 'empty', 'image', 'script', 'object', 'IFRAME', '']) {
      for (const by of [browser, app.browser()]) {
        assert.equal((await frame(by, query, dest)).status, 400, dest)
      }
    }
    assert.equal((await browser.user())?.sub, 'alice')
    // Older browsers do not say what they load.
    assert.equal((await fetch(`${app.origin}/bff/frontchannel${query}`)).status, 200)
    assert.equal(await browser.user(), undefined)
  })

  test('O10: the provider’s page can frame and show it, whatever there is to end', async () => {
    const browser = await signedIn()
    const right = `?iss=${iss}&sid=${app.provider.state.sid}`
    for (const query of [right, right, '', `?iss=${iss}`, `?iss=${iss}&sid=old`]) {
      const answer = await frame(browser, query)
      assert.equal(answer.status, 200, query)
      assert.match(answer.body, /<p>[^<]+<\/p>/)
      assert.doesNotMatch(answer.headers.get('content-security-policy') ?? '', /frame-ancestors/)
      assert.ok(!answer.headers.has('x-frame-options'))
    }
    const wrong = await frame(browser, '?iss=x&sid=x')
    assert.equal(wrong.status, 400)
    assert.doesNotMatch(wrong.headers.get('content-security-policy') ?? '', /frame-ancestors/)
  })
})
