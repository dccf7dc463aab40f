import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type App, type AppBrowser, startApp } from './support/app.ts'

// This machine is the proxy that is trusted; whoever stands behind it is the client.
const env = { BFF_TRUST_PROXY: '127.0.0.0/8' }
const from = { 'x-forwarded-for': '192.0.2.66, 203.0.113.7', 'x-request-id': 'refused-0001' }

let app: App
before(async () => {
  app = await startApp({ env })
})
after(() => app.close())
beforeEach(() => {
  app.log.events.length = 0
})

/** What the log says of refused and hostile requests. */
function told(): Record<string, unknown>[] {
  const names = ['request.refused', 'request.suspicious', 'logout_token.refused']
  return app.log.events
    .filter(({ event }) => names.includes(event))
    .map(({ event, fields }) => ({ event, ...(fields as object) }))
}

/** Goes to the provider and comes back with an answer that was not yet used. */
async function callbackOf(browser: AppBrowser): Promise<URL> {
  const isCallback = (url: URL) => url.pathname === '/bff/callback'
  const visit = await browser.visit(`${app.origin}/bff/login`, { until: isCallback })
  return new URL(visit.headers.get('location') ?? '')
}

async function signedIn(): Promise<AppBrowser> {
  const browser = app.browser()
  await browser.signInHere()
  return browser
}

interface Case {
  expected: Record<string, unknown>
  attack(): Promise<unknown>
}

const refused = (code: string, route: string) => ({ event: 'request.refused', code, route })
const suspicious = (what: string, route: string) => ({ event: 'request.suspicious', what, route })
const call = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  app.browser().call(path, { method, headers: { ...from, ...headers } })

const page = { 'sec-fetch-dest': 'document' }

const cases: Record<string, Case> = {
  'a callback of another browser': {
    expected: suspicious('foreign_callback', '/bff/callback'),
    attack: async () => app.browser().send(await callbackOf(app.browser()), { headers: from }),
  },
  'a replayed callback': {
    expected: suspicious('replayed_callback', '/bff/callback'),
    async attack() {
      const browser = app.browser()
      const callback = await callbackOf(browser)
      const cookies = [...(browser.jar.get('localhost') ?? [])].map((it) => it.join('='))
      await browser.send(callback)
      const replay = { ...from, cookie: cookies.join('; ') }
      await app.browser().send(callback, { headers: replay })
    },
  },
  'a forged ticket at /user': {
    expected: suspicious('forged_ticket', '/bff/user'),
    attack: () => call('/bff/user', { cookie: `${app.cookies.ticket}=Fe26.2*forged` }),
  },
  'a forged ticket at /login': {
    expected: suspicious('forged_ticket', '/bff/login'),
    attack: () => call('/bff/login', { ...page, cookie: `${app.cookies.ticket}=Fe26.2*forged` }),
  },
  'a ticket beside another': {
    expected: suspicious('forged_ticket', '/bff/logout'),
    attack: () =>
      call('/bff/logout?sid=x', { cookie: `${app.cookies.ticket}=a; ${app.cookies.ticket}=b` }),
  },
  'a call of another site': {
    expected: refused('csrf_check_failed', '/bff/user'),
    attack: () => call('/bff/user', { 'sec-fetch-site': 'cross-site' }),
  },
  'a sign-out by another site': {
    expected: refused('csrf_check_failed', '/bff/logout'),
    attack: () => call('/bff/logout', { 'sec-fetch-site': 'cross-site' }, 'POST'),
  },
  'a wrong sid': {
    expected: refused('sid_mismatch', '/bff/logout'),
    attack: async () => (await signedIn()).call('/bff/logout?sid=wrong', { headers: from }),
  },
  'a return URL elsewhere at sign-in': {
    expected: refused('bad_return_url', '/bff/login'),
    attack: () => call('/bff/login?returnUrl=https://evil.example/', page),
  },
  'a return URL elsewhere at sign-out': {
    expected: refused('bad_return_url', '/bff/logout'),
    attack: () => call('/bff/logout?returnUrl=//evil.example/'),
  },
  'a wrong method': {
    expected: refused('method_not_allowed', '/bff/user'),
    attack: () => call('/bff/user', {}, 'DELETE'),
  },
  'a made-up logout token': {
    expected: { event: 'logout_token.refused' },
    attack: () =>
      app.browser().send(`${app.origin}/bff/backchannel`, {
        method: 'POST',
        headers: from,
        body: new URLSearchParams({ logout_token: 'a.b.c' }),
      }),
  },
  'a call of another site to an API': {
    expected: refused('csrf_check_failed', '/api/remote/api'),
    attack: () => call('/api/remote/api/x', { 'sec-fetch-site': 'cross-site' }),
  },
  'a path that wants to be another': {
    expected: refused('bad_path', '/api/remote/api'),
    attack: () => call('/api/remote/api/%252e%252e/x'),
  },
  'an API that is not there': {
    expected: refused('unknown_remote', '/api/remote'),
    attack: () => call('/api/remote/nobody/x'),
  },
}

describe('A5: what was refused, or looks like an attack, is told with the address of the client', () => {
  for (const [title, { attack, expected }] of Object.entries(cases)) {
    test(title, async () => {
      await attack()
      const lines = told()
      assert.equal(lines.length, 1, JSON.stringify(lines))
      const { requestId, reason, ...line } = lines[0] ?? {}
      assert.equal(requestId, 'refused-0001')
      assert.deepEqual(line, { ...expected, client: '203.0.113.7' })
    })
  }

  test('a forged ticket at an API', async () => {
    await call('/api/remote/api/x', { cookie: `${app.cookies.ticket}=forged` })
    const lines = told().map(({ event, client }) => [event, client])
    assert.deepEqual(lines, [
      ['request.suspicious', '203.0.113.7'],
      ['request.refused', '203.0.113.7'],
    ])
  })
})

test('A5: whom nobody vouches for names no address; where no host knows one, none is told', async (t) => {
  for (const [trust, peerAddress, client] of [
    ['none', '198.51.100.1', '198.51.100.1'],
    ['10.0.0.0/8', '198.51.100.1', '198.51.100.1'],
    ['10.0.0.0/8', '10.0.0.1', '203.0.113.7'],
    ['none', '', undefined],
    ['10.0.0.0/8', '', undefined],
    ['vercel', '', '203.0.113.7'],
  ] as const) {
    const one = await startApp({ env: { BFF_TRUST_PROXY: trust } })
    t.after(() => one.close())
    const headers = { 'x-forwarded-for': '203.0.113.7' }
    const request = new Request(`${one.origin}/bff/user`, { headers })
    const info = { peerAddress, background: () => undefined }
    assert.equal((await one.bff.handle(request, '/bff/user', info)).status, 403)
    const { fields } = one.log.events.find(({ event }) => event === 'request.refused') ?? {}
    assert.equal((fields as { client?: string }).client, client, `${trust} ${peerAddress}`)
  }
})

test('A5: an attacker cannot flood the log, and hides no other kind of attack', async () => {
  const flood = () =>
    Promise.all(Array.from({ length: 50 }, () => call('/bff/login?prompt=1', page)))
  await flood()
  assert.equal(told().length, 10)
  await call('/bff/login?returnUrl=https://evil.example/', page)
  assert.equal(told().at(-1)?.code, 'bad_return_url')
  await call('/bff/login?prompt=1', { ...page, 'x-forwarded-for': '198.51.100.99' })
  assert.equal(told().at(-1)?.client, '198.51.100.99')
  app.advance(60_000)
  await flood()
  const again = told().slice(12)
  assert.deepEqual(
    again.map(({ client, suppressed }) => [client, suppressed]),
    [['203.0.113.7', 40], ...Array(10).fill(['203.0.113.7', undefined])],
  )
})

test('A5: failed sign-ins, which need no provider, flood no log either', async () => {
  const failed = () => app.log.events.filter(({ event }) => event === 'sign_in.failed')
  app.advance(60_000)
  const before = failed().length
  for (let i = 0; i < 30; i += 1) {
    const browser = app.browser()
    const { headers } = await browser.send(`${app.origin}/bff/login`)
    const state = new URL(headers.get('location') ?? '').searchParams.get('state')
    const { status } = await browser.send(`${app.origin}/bff/callback?error=x&state=${state}`)
    assert.equal(status, 400)
  }
  assert.ok(failed().length - before === 10, `${failed().length - before}`)
})
