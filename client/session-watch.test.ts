import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { anonymous, closeTabs, openBrowser, signedIn } from '../test/support/tabs.ts'
import { UnavailableError } from './bff-error.ts'
import { browserSurroundings } from './surroundings.ts'

afterEach(closeTabs)

/** Lets promises that are ready run on. */
async function settle() {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

async function pass(seconds: number) {
  for (let i = 0; i < seconds; i++) {
    mock.timers.tick(1000)
    await settle()
  }
}

describe('the session watch', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000 }))
  afterEach(() => mock.timers.reset())

  test('loads, then counts the remaining seconds down', async () => {
    const { openTab, server } = openBrowser(signedIn(1800))
    const { watch } = openTab()
    assert.equal(watch.state().status, 'loading')
    await settle()
    await pass(5)
    const state = watch.state()
    assert.equal(state.status === 'signed-in' && state.remainingSeconds, 1795)
    assert.deepEqual(server.looks, [{ slide: true }])
  })

  test('S4: every look but the first leaves the idle timer alone', async () => {
    const { openTab, server } = openBrowser(signedIn(1800))
    const { tab, callRefused } = openTab()
    await settle()
    await pass(60)
    tab.wake()
    await settle()
    await pass(2)
    callRefused('session_expired')
    await settle()
    assert.deepEqual(
      server.looks.map((look) => look.slide),
      [true, false, false],
    )
  })

  test('does not look at the server while the page is hidden', async () => {
    const { openTab, server } = openBrowser(signedIn(1800))
    const { tab } = openTab()
    await settle()
    tab.visible = false
    await pass(300)
    assert.equal(server.looks.length, 1)
  })

  test('focus and visibilitychange, which come together, are one look', async () => {
    const { openTab, server } = openBrowser(signedIn(1800))
    const { tab } = openTab()
    await settle()
    await pass(10)
    tab.wake()
    await settle()
    tab.wake()
    await settle()
    assert.equal(server.looks.length, 2)
  })

  test('time up: asks the server, and calls it expired only when the server agrees', async () => {
    const { openTab, server } = openBrowser(signedIn(5))
    const { watch } = openTab()
    await settle()
    server.answer = signedIn(30)
    await pass(6)
    assert.equal(watch.state().status, 'signed-in')
    server.answer = anonymous
    await pass(40)
    assert.deepEqual(watch.state(), { status: 'anonymous', ended: 'expired' })
  })

  test('S8: an outage keeps the person on the page, and passes by itself', async () => {
    const { openTab, server } = openBrowser(signedIn(1800))
    const { watch } = openTab()
    await settle()
    server.answer = new UnavailableError('store_unavailable', '', { retryAfterSeconds: 3 })
    await pass(61)
    const state = watch.state()
    assert.equal(state.status === 'unavailable' && state.user?.name, 'Ada')
    server.answer = signedIn(1700)
    await pass(4)
    assert.equal(watch.state().status, 'signed-in')
  })

  test('a sign-out in one tab shows in the other at once', async () => {
    const { openTab, server } = openBrowser(signedIn(1800))
    const one = openTab()
    const two = openTab()
    await settle()
    server.answer = anonymous
    one.signOut()
    await settle()
    assert.deepEqual(one.watch.state(), { status: 'anonymous', ended: undefined })
    assert.deepEqual(two.watch.state(), { status: 'anonymous', ended: 'elsewhere' })
  })

  test('a sign-in in one tab shows in the other, also when it is another session', async () => {
    const { openTab, server } = openBrowser(anonymous)
    const one = openTab()
    await settle()
    server.answer = signedIn(1800, 's2')
    openTab()
    await settle()
    assert.equal(one.watch.state().status, 'signed-in')
    server.answer = signedIn(1800, 's3')
    openTab()
    await settle()
    const state = one.watch.state()
    assert.equal(state.status === 'signed-in' && state.user.logoutUrl, '/bff/logout?sid=s3')
  })

  test('what another tab says is a hint only: the server decides', async () => {
    const { openTab, channel, server } = openBrowser(signedIn(1800))
    const { watch } = openTab()
    await settle()
    for (const { listener } of channel) listener('anonymous')
    await settle()
    assert.equal(watch.state().status, 'signed-in')
    assert.equal(server.looks.length, 2)
  })

  test('tabs that agree do not keep asking', async () => {
    const { openTab, server } = openBrowser(signedIn(1800))
    openTab()
    openTab()
    await settle()
    await pass(30)
    assert.equal(server.looks.length, 2)
  })

  test('a refused call makes the page look again; a step-up does not', async () => {
    const { openTab, server } = openBrowser(signedIn(1800))
    const { watch, callRefused } = openTab()
    await settle()
    server.answer = anonymous
    callRefused('step_up_required')
    await settle()
    assert.equal(watch.state().status, 'signed-in')
    callRefused('session_expired')
    await settle()
    assert.equal(watch.state().status, 'anonymous')
  })

  test('the last subscriber to leave stops everything', async () => {
    const { openTab, server, channel } = openBrowser(signedIn(1800))
    const { close, tab } = openTab()
    await settle()
    close()
    await pass(120)
    tab.wake()
    await settle()
    assert.equal(server.looks.length, 1)
    assert.equal(channel.size, 0)
  })
})

test('tabs talk over a BroadcastChannel of their base path', async () => {
  const [one, two, other] = ['/bff', '/bff', '/auth'].map(browserSurroundings)
  const heard = Promise.withResolvers<string>()
  const strange: string[] = []
  const stop = [
    one?.onTold(() => {}),
    two?.onTold(heard.resolve),
    other?.onTold((session) => strange.push(session)),
  ]
  one?.tell('anonymous')
  assert.equal(await heard.promise, 'anonymous')
  assert.deepEqual(strange, [])
  for (const each of stop) each?.()
})
