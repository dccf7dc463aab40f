import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, type AppBrowser, type AppOptions, startApp } from './support/app.ts'

interface Told {
  readonly event: string
  readonly data: Record<string, unknown>
}

/** A page that listens. */
class Page {
  readonly told: Told[] = []
  isClosed = false
  status = 0
  headers: IncomingMessage['headers'] = {}
  #close = () => {}

  static async open(app: App, browser: AppBrowser, path = '/bff/events'): Promise<Page> {
    const page = new Page()
    const cookies = [...(browser.jar.get('localhost') ?? [])].map(([k, v]) => `${k}=${v}`)
    const asked = request(`${app.origin}${path}`, {
      agent: false,
      headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-origin', cookie: cookies.join('; ') },
    })
    asked.end()
    page.#close = () => void asked.destroy()
    asked.on('error', () => undefined)
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    page.status = answer.statusCode ?? 0
    page.headers = answer.headers
    let rest = ''
    answer.setEncoding('utf8').on('data', (text: string) => {
      const blocks = (rest + text).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
        if (event && data) page.told.push({ event, data: JSON.parse(data) })
      }
    })
    answer.on('error', () => undefined)
    answer.on('close', () => {
      page.isClosed = true
    })
    return page
  }

  close(): void {
    this.#close()
  }

  async until(what: () => boolean): Promise<void> {
    const end = performance.now() + 20_000
    while (!what() && performance.now() < end) await sleep(10)
    assert.ok(what(), JSON.stringify(this.told))
  }

  async ended(): Promise<unknown> {
    await this.until(() => this.isClosed)
    return this.told.at(-1)
  }
}

const signedOut = (reason: string) => ({ event: 'signed-out', data: { reason } })

async function start(t: TestContext, options: AppOptions = {}): Promise<[App, AppBrowser]> {
  const app = await startApp(options)
  t.after(() => app.close())
  const browser = app.browser()
  await browser.signInHere()
  return [app, browser]
}

describe('O14: the stream of a session’s events', () => {
  test('says how long the session has, and is kept and packed by nobody in between', async (t) => {
    const [app, browser] = await start(t)
    const page = await Page.open(app, browser)
    await page.until(() => page.told.length > 0)
    assert.deepEqual(page.told, [{ event: 'extended', data: { expiresIn: 1799 } }])
    assert.match(page.headers['content-type'] ?? '', /^text\/event-stream/)
    assert.match(page.headers['cache-control'] ?? '', /no-store, no-transform/)
    assert.equal(page.headers['x-accel-buffering'], 'no')
    assert.equal((await Page.open(app, app.browser())).status, 401)
    page.close()
  })

  for (const [title, reason, end] of [
    ['a sign-out in another tab', 'here', (_, { call }) => call('/bff/logout', { method: 'POST' })],
    [
      'another browser, which ends it',
      'elsewhere',
      async (app) => {
        const other = app.browser()
        await other.signInHere()
        await other.call('/bff/sessions', { method: 'DELETE' })
      },
    ],
    ['an administrator', 'elsewhere', ({ bff }) => bff.sessions.endAll('alice')],
    [
      'the provider',
      'provider',
      async (app) => {
        const token = await app.provider.signLogoutToken({ sid: undefined })
        await app.browser().send(`${app.origin}/bff/backchannel`, {
          method: 'POST',
          body: new URLSearchParams({ logout_token: token }),
        })
      },
    ],
    ['its time', 'expired', async (app) => app.advance(31 * 60_000)],
  ] as [string, string, (app: App, browser: AppBrowser) => Promise<unknown>][]) {
    test(`ends in every tab by ${title}: ${reason}`, async (t) => {
      const [app, browser] = await start(t)
      const pages = await Promise.all(Array.from({ length: 10 }, () => Page.open(app, browser)))
      await end(app, browser)
      for (const page of pages) assert.deepEqual(await page.ended(), signedOut(reason))
      assert.equal(app.bff.openStreams, 0)
    })
  }

  test('warns before the end, tells of a use, and is none itself', async (t) => {
    const [app, browser] = await start(t)
    const page = await Page.open(app, browser)
    app.advance(29 * 60_000 + 10_000)
    await page.until(() => page.told.some(({ event }) => event === 'expiring'))
    const { data } = page.told.at(-1) as Told
    assert.ok(Number(data.inSeconds) <= 50 && Number(data.inSeconds) > 40, `${data.inSeconds}`)
    await browser.user()
    await page.until(() => page.told.at(-1)?.event === 'extended')
    assert.equal(page.told.at(-1)?.data.expiresIn, 1799)
    app.advance(31 * 60_000)
    assert.deepEqual(await page.ended(), signedOut('expired'))
    assert.equal(await browser.user(), undefined)
  })

  test('nobody is signed out by a store that is away, or by the end of the server', async (t) => {
    const [app, browser] = await start(t)
    const page = await Page.open(app, browser)
    await page.until(() => page.told.length === 1)
    app.bff.endOpenEnded()
    await page.until(() => page.isClosed)
    assert.equal(page.told.length, 1)
    assert.equal((await Page.open(app, browser)).status, 503)
    assert.ok(await browser.user())
  })

  test('stands in the access log when it is over, with what it has said', async (t) => {
    const [app, browser] = await start(t, { env: { BFF_ACCESS_LOG: 'true' } })
    const page = await Page.open(app, browser)
    await page.until(() => page.told.length === 1)
    const done = () =>
      app.log.events.filter(
        ({ event, fields }) =>
          event === 'request.done' && (fields as { route?: string }).route === '/bff/events',
      )
    assert.equal(done().length, 0)
    await browser.call('/bff/logout', { method: 'POST' })
    assert.deepEqual(await page.ended(), signedOut('here'))
    await page.until(() => done().length === 1)
    const { status, bytesOut } = (done()[0]?.fields ?? {}) as { status: number; bytesOut: number }
    assert.ok(status === 200 && bytesOut > 80, `${status} ${bytesOut}`)
  })

  test('one session has twenty at most, and what was closed makes room', async (t) => {
    const [app, browser] = await start(t)
    const pages: Page[] = []
    for (let i = 0; i < 20; i += 1) pages.push(await Page.open(app, browser))
    assert.equal((await Page.open(app, browser)).status, 429)
    pages.pop()?.close()
    await pages[0]?.until(() => app.bff.openStreams === 19)
    const next = await Page.open(app, browser)
    assert.equal(next.status, 200)
    for (const page of [...pages, next]) page.close()
  })
})
