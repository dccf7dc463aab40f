import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp()
})
after(() => app.close())
beforeEach(() => app.provider.override('authorize'))

type Change = (answer: URLSearchParams) => void

/** From now on every answer of the provider at the callback comes like this. */
function answering(change: Change): void {
  app.provider.override('authorize', async (_, usual) => {
    const answer = await usual()
    const location = new URL(answer.headers?.location ?? '')
    change(location.searchParams)
    return { ...answer, headers: { location: location.href } }
  })
}

/** How often the provider was visited, and where it ended. */
async function signIn(browser: AppBrowser, query = '?returnUrl=/deep') {
  const before = app.provider.counters.authorize
  const end = await browser.visit(`${app.origin}/bff/login${query}`, {
    until: (url) => url.pathname === '/deep' || url.pathname === '/',
  })
  return { end, visits: app.provider.counters.authorize - before }
}

/** It forgets every cookie at once. */
function withoutCookies(): AppBrowser {
  const browser = app.browser()
  const forget = new Map<string, Map<string, string>>()
  Object.assign(browser.jar, { set: () => forget, get: () => undefined })
  return browser
}

const toError: Change = (answer) => {
  answer.delete('code')
  answer.set('error', 'server_error')
}
const named = ['code', 'state', 'iss', 'error'] as const
const ways: Record<string, (answer: URLSearchParams, name: string, value: string) => void> = {
  dropped: (answer, name) => answer.delete(name),
  emptied: (answer, name) => answer.set(name, ''),
  cut: (answer, name, value) => answer.set(name, value.slice(0, -1)),
  'cut in half': (answer, name, value) => answer.set(name, value.slice(0, value.length / 2)),
  doubled: (answer, name, value) => answer.append(name, value),
  changed: (answer, name) => answer.set(name, 'another'),
  lengthened: (answer, name, value) => answer.set(name, `${value}A`),
  'in capitals': (answer, name, value) => answer.set(name, value.toUpperCase()),
}

describe('a parameter of the provider’s answer', () => {
  for (const name of named) {
    for (const [way, change] of Object.entries(ways)) {
      for (const cookies of ['kept', 'refused'] as const) {
        test(`L20: ${name} ${way}, cookies ${cookies}: two visits to the provider at most`, async () => {
          answering((answer) => {
            if (name === 'error') toError(answer)
            change(answer, name, answer.get(name) ?? '')
          })
          const browser = cookies === 'kept' ? app.browser() : withoutCookies()
          const { end, visits } = await signIn(browser)
          assert.ok(visits <= 2, `${visits} visits`)
          if (end.status === 303) return assert.equal(end.headers.get('location'), '/deep')
          assert.ok(end.status >= 400 && end.status < 500, `${end.status}`)
          assert.match(end.headers.get('content-type') ?? '', /text\/html/)
          assert.match(end.body, /Sign in again/)
        })
      }
    }
  }

  test('L20: a provider that repeats the state of an earlier sign-in leads nobody in circles', async () => {
    for (const cookies of ['kept', 'refused'] as const) {
      for (const from of ['this browser', 'another']) {
        const browser = cookies === 'kept' ? app.browser() : withoutCookies()
        const earlier = from === 'another' ? app.browser() : browser
        const start = await earlier.send(`${app.origin}/bff/login?returnUrl=/deep`)
        const old = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? ''
        answering((answer) => answer.set('state', old))
        const { end, visits } = await signIn(browser)
        assert.ok(visits <= 2, `${visits} visits`)
        assert.equal(end.status, 400)
        app.provider.override('authorize')
      }
    }
  })

  test('L20: a state of ours, and then none: two visits, whoever keeps count', async () => {
    for (const browser of [app.browser(), withoutCookies()]) {
      let visits = 0
      const stray = await app.browser().send(`${app.origin}/bff/login`)
      const old = new URL(stray.headers.get('location') ?? '').searchParams.get('state') ?? ''
      answering((answer) =>
        visits++ % 2 === 0 ? answer.set('state', old) : answer.delete('state'),
      )
      assert.equal((await signIn(browser)).end.status, 400)
      assert.ok(visits <= 2, `${visits} visits`)
    }
  })
})

describe('a browser with no sign-in under way', () => {
  const bookmarked = () => `${app.origin}/bff/callback?code=c&state=foreign`

  test('L20: begins one by itself, and again after ten minutes', async () => {
    const browser = app.browser()
    const sent = await browser.send(bookmarked())
    const address = new URL(sent.headers.get('location') ?? '', app.origin)
    const first = await browser.visit(address, { until: ({ pathname }) => pathname === '/' })
    assert.equal(first.status, 303)
    assert.equal((await browser.user())?.sub, 'alice')
    browser.jar.get('localhost')?.delete(app.cookies.ticket)
    assert.equal((await browser.send(address)).status, 400)
    assert.equal((await browser.visit(bookmarked())).status, 400)
    browser.jar.get('localhost')?.delete(app.cookies.restartMark)
    assert.equal((await browser.send(bookmarked())).status, 303)
  })

  test('L20: an image of another page begins none, and leaves no mark', async () => {
    for (const [dest, mode] of [
      ['image', 'no-cors'],
      ['script', 'no-cors'],
      ['empty', 'cors'],
      ['object', 'navigate'],
    ]) {
      const headers = { 'sec-fetch-dest': dest, 'sec-fetch-mode': mode }
      const { status, headers: sent } = await app.browser().send(bookmarked(), { headers })
      assert.deepEqual([status, sent.getSetCookie()], [400, []], dest)
    }
  })

  test('L20: a page begins one, in a browser that says so and in a service worker that asks for it', async () => {
    for (const [dest, mode] of [
      ['document', 'navigate'],
      ['empty', 'navigate'],
    ]) {
      const headers = { 'sec-fetch-dest': dest, 'sec-fetch-mode': mode }
      assert.equal((await app.browser().send(bookmarked(), { headers })).status, 303, dest)
    }
  })

  test('L20: its mark lasts ten minutes and is as closed as every cookie of ours', async () => {
    const { headers } = await app.browser().send(bookmarked())
    assert.match(
      headers.getSetCookie().join(),
      /^bff-\d+-again=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    )
  })

  test('L20: an address with somebody else’s mark starts nothing', async () => {
    const other = await app.browser().send(bookmarked())
    const address = new URL(other.headers.get('location') ?? '', app.origin)
    assert.equal((await app.browser().send(address)).status, 400)
  })

  test('L20: an error starts nothing', async () => {
    for (const state of ['', 'foreign']) {
      const address = `${app.origin}/bff/callback?error=server_error&state=${state}`
      const page = await app.browser().send(address)
      assert.equal(page.status, 400)
      assert.deepEqual(page.headers.getSetCookie(), [])
    }
  })
})

describe('repeats of all kinds', () => {
  const expired: Change = (answer) => {
    answer.delete('code')
    answer.set('error', 'temporarily_unavailable')
    answer.set('error_description', 'authentication_expired')
  }

  test('L21: a login page that lay open starts again once, with its return URL', async () => {
    let answers = 0
    answering((answer) => {
      if (answers++ === 0) expired(answer)
    })
    const browser = app.browser()
    const { end, visits } = await signIn(browser, '?returnUrl=/deep&acr_values=idp:x')
    assert.equal(end.headers.get('location'), '/deep')
    assert.equal(visits, 2)
    assert.equal((await browser.user())?.sub, 'alice')
    const again = app.provider.requests.findLast(({ name }) => name === 'authorize')
    assert.equal(again?.params.get('acr_values'), 'idp:x')
  })

  test('L21: that says so again ends in a page', async () => {
    answering(expired)
    const { end, visits } = await signIn(app.browser())
    assert.deepEqual([end.status, visits], [400, 2])
    assert.match(end.body, /href="\/bff\/login\?returnUrl=%2Fdeep"/)
  })

  test('L21: any other answer of an unavailable provider is a page at once', async () => {
    answering((answer) => {
      expired(answer)
      answer.set('error_description', 'maintenance')
    })
    const { visits } = await signIn(app.browser())
    assert.equal(visits, 1)
  })

  test('L20: share the two visits', async () => {
    for (const second of [expired, ...Object.values(ways).map((way) => bound(way))]) {
      let answers = 0
      answering((answer) => {
        if (answers++ === 0) expired(answer)
        else second(answer)
      })
      const { visits } = await signIn(app.browser())
      assert.equal(visits, 2)
    }
  })

  function bound(way: (answer: URLSearchParams, name: string, value: string) => void): Change {
    return (answer) => way(answer, 'state', answer.get('state') ?? '')
  }
})

test('L2: a used answer with another code, or in another browser, is lost', async () => {
  const browser = app.browser()
  const start = await browser.send(`${app.origin}/bff/login?returnUrl=/deep`)
  const callback = await app.provider.approve(start.headers.get('location') ?? '')
  const cookies = new Map(browser.jar.get('localhost'))
  await browser.send(callback)
  const before = app.provider.counters.token
  const elsewhere = await app.browser().send(callback)
  assert.match(elsewhere.headers.get('location') ?? '', /\/authorize\?/)
  browser.jar.set('localhost', cookies)
  callback.searchParams.set('code', 'another')
  assert.equal((await browser.send(callback)).status, 400, 'it was begun again once')
  assert.equal(app.provider.counters.token, before)
})
