import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import type { Visit } from './support/http-browser.ts'

let app: App
before(async () => {
  app = await startApp()
})
after(() => app.close())

/** `refetched`: by a service worker, which has been asked for a page in some place. */
const into = (destination: string | undefined) =>
  destination === 'refetched'
    ? { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'navigate' }
    : {
        'sec-fetch-dest': destination,
        ...(destination === 'empty' ? { 'sec-fetch-mode': 'cors' } : {}),
      }

/** Begins at `path` in one place, and comes back in another. */
async function comeBack(
  browser: AppBrowser,
  path: string,
  { begun, back, error }: { begun?: string; back?: string; error?: string },
): Promise<Visit> {
  const start = await browser.send(`${app.origin}${path}`, { headers: into(begun) })
  assert.equal(start.status, 302, start.body)
  const asked = new URL(start.headers.get('location') ?? '')
  assert.equal(asked.searchParams.get('prompt'), 'none')
  const callback = await app.provider.approve(asked)
  if (error !== undefined) {
    callback.searchParams.delete('code')
    callback.searchParams.set('error', error)
  }
  return browser.send(callback, { headers: into(back) })
}

const message = (isLoggedIn: boolean) =>
  new RegExp(`postMessage\\({"source":"bff-silent-login","isLoggedIn":${isLoggedIn}}`)

describe('a silent sign-in', () => {
  const ways = [
    ['/bff/silent-login?returnUrl=/deep', undefined],
    ['/bff/silent-login?returnUrl=/deep', 'iframe'],
    ['/bff/login?prompt=none&returnUrl=/deep', 'iframe'],
    ['/bff/login?prompt=none&returnUrl=/deep', 'refetched'],
  ] as const
  for (const [path, begun] of ways) {
    const from = { ...(begun === undefined ? {} : { begun }) }
    const title = `${path.split('?')[0]} from ${begun ?? 'a browser that does not say where'}`
    test(`L15: ${title} ends at the silent page in the iframe`, async () => {
      const browser = app.browser()
      const good = await comeBack(browser, path, { ...from, back: 'iframe' })
      assert.equal(good.status, 200)
      assert.match(good.body, message(true))
      assert.equal((await browser.user())?.sub, 'alice')
      const bad = await comeBack(browser, path, {
        ...from,
        back: 'iframe',
        error: 'login_required',
      })
      assert.match(bad.body, message(false))
    })

    test(`L15: ${title} that comes back as the whole window ends at the return URL`, async () => {
      const browser = app.browser()
      const good = await comeBack(browser, path, { ...from, back: 'document' })
      assert.equal(good.status, 303)
      assert.equal(good.headers.get('location'), '/deep')
      assert.equal((await browser.user())?.sub, 'alice')
      const error = 'interaction_required'
      const bad = await comeBack(browser, path, { ...from, back: 'document', error })
      assert.equal(bad.status, 303)
      assert.equal(bad.headers.get('location'), '/deep')
    })

    test(`L15: ${title}: where the browser does not say, the page finds out by itself`, async () => {
      for (const back of [{}, { back: 'refetched' }]) {
        const page = await comeBack(app.browser(), path, { ...from, ...back })
        assert.match(
          page.body,
          /if \(parent === window\) location\.replace\("\/deep"\); else parent\./,
        )
      }
    })
  }

  test('L15: a return URL cannot break out of the page that goes on to it', async () => {
    const url = encodeURIComponent(`/a?"'</script><script>alert(1)</script>#</script>`)
    const { body } = await comeBack(app.browser(), `/bff/silent-login?returnUrl=${url}`, {})
    assert.equal(body.match(/<\/?script/g)?.length, 2)
  })
})

describe('/bff/login by what the browser loads', () => {
  const table: [destination: string | undefined, query: string, status: number][] = [
    ['document', '', 302],
    ['document', '?prompt=none', 302],
    [undefined, '', 302],
    ['iframe', '?prompt=none', 302],
    ['iframe', '', 400],
    ['iframe', '?prompt=login', 400],
    ['frame', '?prompt=none', 302],
    ['frame', '', 400],
    // Which place it is, nobody says.
    ['refetched', '', 302],
    ['refetched', '?prompt=none', 302],
    ['refetched', '?prompt=login', 302],
  ]
  const nothing =
    'image script style font empty embed object fencedframe worker audio video track manifest'
  for (const destination of nothing.split(' ')) {
    table.push([destination, '', 204], [destination, '?prompt=none', 204])
  }
  for (const [destination, query, status] of table) {
    const what = `${destination ?? 'unknown'} ${query || 'as usual'}`
    test(`L26: ${what}: ${status}`, async () => {
      const answer = await app
        .browser()
        .send(`${app.origin}/bff/login${query}`, { headers: into(destination) })
      assert.equal(answer.status, status)
      assert.equal(answer.headers.getSetCookie().length, status === 302 ? 1 : 0)
      if (status !== 400) return
      assert.match(answer.headers.get('content-type') ?? '', /text\/html/)
      assert.match(answer.body, /<a href="\/bff\/login" target="_top">/)
    })
  }

  test('L26: a script of a page begins nothing, whatever its mode', async () => {
    for (const mode of ['cors', 'no-cors', 'same-origin', 'websocket']) {
      const headers = { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': mode }
      const answer = await app.browser().send(`${app.origin}/bff/login`, { headers })
      assert.deepEqual([answer.status, answer.headers.getSetCookie()], [204, []], mode)
    }
  })

  test('L26: an image begins no silent sign-in either', async () => {
    const answer = await app
      .browser()
      .send(`${app.origin}/bff/silent-login`, { headers: into('image') })
    assert.equal(answer.status, 204)
  })
})
