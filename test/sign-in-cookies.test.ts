import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp({ config: { oidc: { dpop: true } } })
})
after(() => app.close())

/** Cookies with their names, as a browser sends them, and with the prefix that https adds. */
function jarBytes(browser: AppBrowser): number {
  const cookies = [...(browser.jar.get('localhost') ?? [])]
  return cookies.reduce((sum, it) => sum + '__Host-Http-=; '.length + it.join('').length, 0)
}

const longUrl = (name: string) => `/${name}?${'b'.repeat(758 - name.length)}`

describe('the cookies of one browser', () => {
  test('S11: six sign-ins in a row with long return URLs stay below 4 KB, and all succeed', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const tabs: { url: string; authorize: string }[] = []
    for (let tab = 0; tab < 6; tab++) {
      const url = longUrl(`tab-${tab}`)
      const start = await browser.send(
        `${app.origin}/bff/login?returnUrl=${encodeURIComponent(url)}`,
      )
      tabs.push({ url, authorize: start.headers.get('location') ?? '' })
      assert.ok(jarBytes(browser) < 4096, `${jarBytes(browser)} bytes`)
    }
    const before = app.provider.counters.token
    for (const { url, authorize } of tabs.reverse()) {
      const answer = await browser.send(await app.provider.approve(authorize))
      assert.equal(answer.headers.get('location'), url)
    }
    assert.equal(app.provider.counters.token, before + 6)
    assert.deepEqual([...(browser.jar.get('localhost')?.keys() ?? [])], [app.cookies.ticket])
  })

  test('S11: forty tabs that are restored at once stay below 4 KB, and each ends at its page', async () => {
    const browser = app.browser()
    const starts = await Promise.all(
      Array.from({ length: 40 }, (_, tab) => {
        const returnUrl = encodeURIComponent(longUrl(`tab-${tab}`))
        return browser.send(`${app.origin}/bff/login?returnUrl=${returnUrl}`)
      }),
    )
    assert.ok(jarBytes(browser) < 4096 - 400, `${jarBytes(browser)} bytes`)
    let restarts = 0
    // All at once again, as when the provider knows the person and sends every tab straight back.
    await Promise.all(
      starts.map(async (start, tab) => {
        let answer = await browser.send(
          await app.provider.approve(start.headers.get('location') ?? ''),
        )
        if (answer.status === 302) {
          restarts++
          const again = await app.provider.approve(answer.headers.get('location') ?? '')
          answer = await browser.send(again)
        }
        assert.equal(answer.status, 303, answer.body)
        assert.equal(answer.headers.get('location'), longUrl(`tab-${tab}`))
      }),
    )
    assert.ok(restarts < 40, `${restarts} restarts`)
    assert.ok(jarBytes(browser) < 4096, `${jarBytes(browser)} bytes`)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('S12: a jar of an earlier version, too large for the server, heals by itself', async () => {
    const browser = app.browser()
    const old = Array.from({ length: 40 }, (_, i): [string, string] => [
      `${app.cookies.transaction}mfx3k2${i}.${'h'.repeat(22)}`,
      `Fe26.2*${'x'.repeat(1000)}`,
    ])
    browser.jar.set('localhost', new Map([['theme', 'dark'], ...old]))
    const statuses: number[] = []
    do {
      statuses.push((await browser.send(`${app.origin}/bff/login`)).status)
    } while (statuses.at(-1) === 431 && statuses.length < 10)
    assert.equal(statuses[0], 431)
    assert.equal(statuses.at(-1), 302)
    for (let i = 0; i < 4; i++) await browser.call('/bff/user')
    const left = [...(browser.jar.get('localhost')?.keys() ?? [])]
    assert.equal(left.length, 2, left.join())
    assert.ok(left.includes('theme') && left.some((name) => /^bff-\d+-tx\.\d$/.test(name)))
  })

  test('S12: a request that is too large for other reasons signs nobody out', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const answer = await browser.send(`${app.origin}/bff/user?${'x'.repeat(40_000)}`)
    assert.equal(answer.status, 431)
    assert.deepEqual(answer.headers.getSetCookie(), [])
    assert.ok(!answer.headers.has('clear-site-data'))
    assert.equal((await browser.user())?.sub, 'alice')
  })
})

describe('a sign-in that gave way', () => {
  test('L11: a state that is not ours starts nothing beside a sign-in under way', async () => {
    const browser = app.browser()
    const start = await browser.send(`${app.origin}/bff/login`)
    const callback = await app.provider.approve(start.headers.get('location') ?? '')
    for (const state of [undefined, '', 'x', callback.searchParams.get('state')?.slice(0, -1)]) {
      const changed = new URL(callback)
      if (state === undefined) changed.searchParams.delete('state')
      else changed.searchParams.set('state', state)
      const page = await browser.send(changed)
      assert.equal(page.status, 400)
      assert.match(page.body, /Sign in again/)
    }
    assert.equal((await browser.send(callback)).status, 303, 'and does it no harm')
  })
})

test('L9: who has seen the state of a sign-in cannot end the session that it replaces', async () => {
  const victim = app.browser()
  await victim.signInHere()
  const { headers } = await victim.send(`${app.origin}/bff/login?max_age=0`)
  const seen = new URL(headers.get('location') ?? '').searchParams.get('state')
  const stranger = app.browser()
  const until = ({ pathname }: URL) => pathname === '/'
  await stranger.visit(`${app.origin}/bff/callback?state=${seen}&code=x`, { until })
  assert.ok(await stranger.user(), 'the stranger is signed in by a sign-in of their own')
  assert.ok(await victim.user())
})
