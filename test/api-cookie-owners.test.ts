import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { FoundSession } from '#lib/remote/call-services.ts'
import { StoreUnavailableError } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import type { Visit } from './support/http-browser.ts'
import { request } from './support/raw-http.ts'
import {
  inTime,
  sessionOf,
  startUpstream,
  type Upstream,
  until,
  withRemote,
} from './support/remote-fixture.ts'

/** An API that sets the cookies of `?set=`, at a path with `slow` in it not before it is told to. */
let upstream: Upstream
let slow: (() => void)[] = []
let isStoreDown = false
let app: App

before(async () => {
  upstream = await startUpstream(({ url = '' }, response) => {
    const lines = new URL(url, 'http://api').searchParams.getAll('set')
    const answer = () => response.writeHead(200, { 'set-cookie': lines }).end('answered')
    if (url.includes('slow')) slow.push(answer)
    else answer()
  })
  const { origin: target } = upstream
  const memory = createMemoryStore({ now: Date.now })
  app = await startApp({
    store: {
      ...memory,
      get(key) {
        if (isStoreDown) throw new StoreUnavailableError('on purpose')
        return memory.get(key)
      },
    },
    config: {
      remotes: {
        api: { target, cookies: ['csrf', 'lb'], token: 'user-or-none' },
        public: { target, cookies: ['sticky'], token: 'none' },
      },
    },
  })
})
after(async () => {
  await app.close()
  await upstream.close()
})
afterEach(() => {
  slow = []
  isStoreDown = false
})

async function signIn(browser: AppBrowser, sub: string): Promise<Visit> {
  app.provider.state.claims.sub = sub
  return browser.signInHere()
}
async function signedIn(sub: string): Promise<AppBrowser> {
  const browser = app.browser()
  await signIn(browser, sub)
  return browser
}
const call = (browser: AppBrowser, set: string[] = [], remote = 'api') =>
  browser.call(`/api/remote/${remote}/x?${new URLSearchParams(set.map((it) => ['set', it]))}`)
/** What the API is told by a call that sets nothing. */
async function sent(browser: AppBrowser, remote = 'api'): Promise<string | undefined> {
  assert.equal((await call(browser, [], remote)).body, 'answered')
  return upstream.requests.at(-1)?.headers.cookie
}
const jarOf = (browser: AppBrowser) => browser.jar.get('localhost') ?? assert.fail('no cookies')
const held = (browser: AppBrowser) =>
  [...jarOf(browser)].filter(([name]) => !name.startsWith('bff')).map((pair) => pair.join('='))
const ofOurs = (browser: AppBrowser, part: string) =>
  [...jarOf(browser).keys()].find((name) => name.endsWith(`-${part}`)) ?? assert.fail(part)

/** Answers a call of this browser after `meanwhile`. */
async function answeredLate(browser: AppBrowser, meanwhile: () => Promise<unknown>) {
  const answer = browser.call('/api/remote/api/slow?set=csrf%3Dlate;Path%3D/&set=lb%3Dlate')
  await until(() => slow.length === 1)
  await meanwhile()
  slow[0]?.()
  const { status, body } = await answer
  assert.deepEqual([status, body], [200, 'answered'])
}

describe('P26: an answer that comes when somebody has left', () => {
  for (const [what, meanwhile] of [
    ['signed out', (browser) => browser.call('/bff/logout', { method: 'POST' })],
    ['been followed by somebody else', (browser) => signIn(browser, 'bob')],
    ['been signed out elsewhere', () => app.bff.sessions.endAll('alice')],
  ] as [string, (browser: AppBrowser) => Promise<unknown>][]) {
    it(`brings no cookie to who has ${what}`, async () => {
      const browser = await signedIn('alice')
      await call(browser, ['csrf=early'])
      await answeredLate(browser, () => meanwhile(browser))
      assert.ok(!held(browser).some((it) => it.includes('late')), String(held(browser)))
      await signIn(browser, 'bob')
      assert.equal(await sent(browser), undefined)
      assert.deepEqual(held(browser), [])
    })
  }

  it('brings its cookies to who is still there', async () => {
    const browser = await signedIn('alice')
    await answeredLate(browser, async () => undefined)
    assert.equal(await sent(browser), 'csrf=late; lb=late')
  })

  it('brings none while the store cannot say, and nobody is signed out', async () => {
    const browser = await signedIn('alice')
    await answeredLate(browser, async () => {
      isStoreDown = true
    })
    isStoreDown = false
    assert.deepEqual(held(browser), [])
    assert.equal((await browser.user())?.sub, 'alice')
  })

  it('brings what is nobody’s to who has come', async () => {
    const browser = app.browser()
    await answeredLate(browser, () => signIn(browser, 'alice'))
    assert.equal(await sent(browser), 'csrf=late; lb=late')
    await signIn(browser, 'bob')
    assert.equal(await sent(browser), undefined)
  })
})

describe('P26: cookies of APIs are somebody’s', () => {
  it('also where that one’s session began before they were noted', async () => {
    const browser = await signedIn('alice')
    jarOf(browser).delete(ofOurs(browser, 'owner'))
    await call(browser, ['csrf=alice'])
    assert.equal(await sent(browser), 'csrf=alice')
    await app.bff.sessions.endAll('alice')
    assert.equal(await sent(browser), undefined)
    await signIn(browser, 'bob')
    assert.deepEqual([await sent(browser), held(browser)], [undefined, []])
  })

  it('and an API gets none that may be another’s, until it sets its own', async () => {
    const [browser, alices] = [await signedIn('bob'), await signedIn('alice')]
    await call(browser, ['csrf=alice', 'lb=alice'])
    for (const owner of [
      jarOf(alices).get(ofOurs(alices, 'owner')) ?? '',
      'no mark',
      'x'.repeat(99),
    ]) {
      jarOf(browser).set(ofOurs(browser, 'owner'), owner)
      jarOf(browser).delete(ofOurs(browser, 'setter'))
      assert.equal(await sent(browser), undefined)
      await call(browser, ['csrf=bob'])
      assert.equal(await sent(browser), 'csrf=bob')
      assert.deepEqual(held(browser), ['csrf=bob'])
    }
  })

  it('when its session has ended, nobody’s calls carry them', async () => {
    const browser = await signedIn('alice')
    await call(browser, ['csrf=alice', 'lb=alice'])
    await app.bff.sessions.endAll('alice')
    assert.equal(await sent(browser), undefined)
    await call(browser, ['csrf=nobody'])
    assert.equal(await sent(browser), 'csrf=nobody')
    assert.deepEqual(held(browser), ['csrf=nobody'])
    await signIn(browser, 'alice')
    assert.equal(await sent(browser), 'csrf=nobody')
  })

  it('a cart that was filled before signing in stays, also after a sign-out', async () => {
    const browser = await signedIn('alice')
    await call(browser, ['csrf=alice'])
    await browser.call('/bff/logout', { method: 'POST' })
    await call(browser, ['csrf=nobody'])
    assert.equal(await sent(browser), 'csrf=nobody')
    await signIn(browser, 'bob')
    assert.equal(await sent(browser), 'csrf=nobody')
    await signIn(browser, 'alice')
    assert.deepEqual(held(browser), [])
  })

  it('an answer that is overtaken on its way leaves nothing to anybody', async () => {
    const browser = await signedIn('alice')
    const overtaken = await call(browser, ['csrf=alice'])
    await signIn(browser, 'bob')
    await call(browser, ['lb=bob'])
    for (const line of overtaken.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      jarOf(browser).set(name, value)
    }
    const jar = new Map(jarOf(browser))
    assert.equal(await sent(browser), undefined)
    await call(browser, ['lb=bob'])
    assert.deepEqual(held(browser), ['lb=bob'])
    assert.equal(await sent(browser), 'lb=bob')
    for (const next of ['alice', 'bob']) {
      browser.jar.set('localhost', new Map(jar))
      await signIn(browser, next)
      assert.deepEqual(held(browser), [])
    }
  })

  it('also those of an API that asks for no session', async () => {
    const browser = app.browser()
    await call(browser, ['sticky=1'], 'public')
    assert.equal(await sent(browser, 'public'), 'sticky=1')
    await signIn(browser, 'alice')
    assert.equal(await sent(browser, 'public'), 'sticky=1')
    await call(browser, ['sticky=2'], 'public')
    assert.equal(await sent(browser, 'public'), 'sticky=2')
    isStoreDown = true
    assert.equal(await sent(browser, 'public'), undefined)
    await call(browser, ['sticky=3'], 'public')
    isStoreDown = false
    assert.equal(await sent(browser, 'public'), 'sticky=2')
    await signIn(browser, 'bob')
    assert.equal(await sent(browser, 'public'), undefined)
  })
})

describe('P26: an answer waits for the look whether its caller is still there', () => {
  const session = { kind: 'session', session: sessionOf('alice') } as const
  for (const [what, status, look, told] of [
    ['is there', 200, async () => session, true],
    ['is there, with an answer that has no body', 204, async () => session, true],
    ['is there, with a token that the API refuses', 401, async () => session, true],
    ['has left', 200, async () => ({ kind: 'none' }), false],
    ['is not to be known', 200, () => Promise.reject(new StoreUnavailableError('down')), false],
  ] as [string, number, () => Promise<FoundSession>, boolean][]) {
    it(`who ${what}`, async () => {
      let isAsked = false
      const remoteApi = await startUpstream((_, response) => {
        response
          .writeHead(status, { 'set-cookie': 'csrf=1; Path=/' })
          .end(status === 200 ? 'all of it' : '')
      })
      const remote = { target: remoteApi.origin, cookies: ['csrf'] }
      await withRemote(
        {
          ...{ upstream: remoteApi, remote },
          readSession(_, mode) {
            if (mode === 'use') return session
            isAsked = true
            return new Promise((resolve) => setImmediate(resolve)).then(look)
          },
        },
        async ({ port }) => {
          const headers = { cookie: 'sid=alice' }
          const answer = await inTime(request(port, '/api/remote/api/x', { headers }))
          const set = answer.rawHeaders.filter(([name]) => name.toLowerCase() === 'set-cookie')
          assert.deepEqual(
            [answer.status, answer.body],
            [status, status === 200 ? 'all of it' : ''],
          )
          assert.equal(
            set.some(([, line]) => line.startsWith('csrf=1')),
            told,
          )
          assert.ok(isAsked)
        },
      )
    })
  }
})
