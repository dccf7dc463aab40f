import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'
import { createSeeded } from './support/seeded.ts'

/** Five apps in one server: the top level, two by host, two by path; of two providers and three clients. */
let app: App
/** Of what was stored. */
const keys = new Set<string>()
let staff: ScriptedProvider
const names = ['top', 'admin', 'desk', 'shop', 'club'] as const
type Name = (typeof names)[number]
let places: Record<Name, { origin: string; root: string }>

before(async () => {
  staff = await startScriptedProvider({
    clientId: 'staff-app',
    clientSecret: 'the-secret-of-the-staff-app',
    claims: { sub: 'boss', name: 'Boss' },
  })
  const oidc = { issuer: staff.issuer, clientId: staff.clientId, secretEnv: 'STAFF_SECRET' }
  const memory = createMemoryStore()
  app = await startApp({
    store: {
      ...memory,
      create(key, ...rest) {
        keys.add(key)
        return memory.create(key, ...rest)
      },
      addMember(key, ...rest) {
        keys.add(key)
        return memory.addMember(key, ...rest)
      },
    },
    env: { STAFF_SECRET: staff.clientSecret },
    config: ({ port, api }) => ({
      clients: { machine: { scope: 'm' } },
      remotes: {
        api: { target: api },
        machines: { target: api, token: 'client', client: 'machine' },
      },
      frontends: {
        admin: { host: `admin.localhost:${port}`, oidc },
        desk: { host: `desk.localhost:${port}` },
        shop: { path: '/shop', oidc, remotes: { goods: { target: api } } },
        club: { path: '/club' },
      },
    }),
  })
  const { port } = new URL(app.origin)
  places = {
    top: { origin: app.origin, root: '' },
    admin: { origin: `http://admin.localhost:${port}`, root: '' },
    desk: { origin: `http://desk.localhost:${port}`, root: '' },
    shop: { origin: app.origin, root: '/shop' },
    club: { origin: app.origin, root: '/club' },
  }
})
after(async () => {
  await app.close()
  await staff.close()
})

const browserAt = (name: Name) => app.browser(places[name])
const cookieHeader = ({ jar }: AppBrowser) =>
  [...jar.values()]
    .flatMap((cookies) => [...cookies])
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')

/** As the pages of a frontend ask, with the cookies of whomever. */
function ask(name: Name, path: string, cookie: string, headers: Record<string, string> = {}) {
  const { origin, root } = places[name]
  return app.browser().send(`${origin}${root}${path}`, {
    from: origin,
    dest: 'empty',
    headers: { 'x-csrf': '1', cookie, ...headers },
  })
}

describe('A66: several apps behind one server', () => {
  test('each signs in at its own provider, with its own endpoints, cookies and APIs', async () => {
    for (const name of names) {
      const browser = browserAt(name)
      const { root } = places[name]
      const end = await browser.signInHere()
      assert.equal(end.headers.get('location'), `${root}/`, name)
      const isStaff = name === 'admin' || name === 'shop'
      const user = await browser.user()
      assert.equal(user?.sub, isStaff ? 'boss' : 'alice', name)
      assert.match(String(user?.['bff:logout_url']), new RegExp(`^${root}/bff/logout\\?sid=`))
      const remote = name === 'shop' ? 'goods' : 'api'
      const { status } = await browser.call(`${root}/api/remote/${remote}/x?y=1`)
      assert.equal(status, 200, name)
      const asked = app.apiRequests.at(-1)
      assert.equal(asked?.url, '/x?y=1')
      assert.equal(asked?.headers['x-forwarded-prefix'], `${root}/api/remote/${remote}`)
      const out = await browser.call(`${root}/bff/logout`, { method: 'POST' })
      assert.equal(out.status, 200)
      assert.equal(await browser.user(), undefined)
    }
  })

  test('APIs of a frontend that lists its own are reachable there only', async () => {
    const browser = browserAt('shop')
    await browser.signInHere()
    assert.equal((await browser.call('/shop/api/remote/api/x')).status, 404)
    assert.equal((await browser.call('/api/remote/goods/x')).status, 404)
  })

  test('cookies bear the name of a frontend that shares its host', async () => {
    const browser = browserAt('shop')
    await browser.signInHere()
    const { port } = new URL(app.origin)
    const cookies = [...(browser.jar.get('localhost')?.keys() ?? [])]
    assert.ok(cookies.includes(`bff-${port}-shop`), cookies.join())
    assert.ok(!cookies.includes(`bff-${port}`), cookies.join())
  })

  test('nothing that one has given is good in another: 200 chosen at random', async () => {
    const seeded = createSeeded(20261127)
    const signedIn = new Map<Name, string>()
    const begun = new Map<Name, { cookie: string; callback: string }>()
    for (const name of names) {
      const browser = browserAt(name)
      await browser.signInHere()
      signedIn.set(name, cookieHeader(browser))
      const other = browserAt(name)
      const { origin, root } = places[name]
      const started = await other.send(`${origin}${root}/bff/login`)
      const provider = name === 'admin' || name === 'shop' ? staff : app.provider
      const callback = await provider.approve(started.headers.get('location') ?? '')
      begun.set(name, { cookie: cookieHeader(other), callback: callback.search })
    }
    /** The value of one frontend's cookie under another's name: as an attacker would plant it. */
    const renamed = (cookie: string, from: Name, to: Name) =>
      cookie
        .split('; ')
        .map((each) => each.replace(cookieOf(from), cookieOf(to)))
        .join('; ')
    const tokens = () =>
      [staff, app.provider].reduce(
        (sum, it) => sum + it.tokenRequests('authorization_code').length,
        0,
      )
    for (let i = 0; i < 200; i += 1) {
      const from = seeded.pick(names)
      const to = seeded.pick(names.filter((name) => name !== from))
      const ticket = renamed(signedIn.get(from) ?? '', from, to)
      const note = `${from} in ${to}`
      assert.equal((await ask(to, '/bff/user', ticket)).status, 401, note)
      const remote = to === 'shop' ? 'goods' : 'api'
      assert.equal((await ask(to, `/api/remote/${remote}/x`, ticket)).status, 401, note)
      const { cookie, callback } = begun.get(from) as { cookie: string; callback: string }
      const before = tokens()
      const answer = await ask(to, `/bff/callback${callback}`, renamed(cookie, from, to), {
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
      })
      assert.notEqual(answer.status, 200, note)
      assert.equal(tokens(), before, `${note}: a code was redeemed`)
    }
    // What was tried has used nothing up.
    for (const name of names) {
      assert.equal((await ask(name, '/bff/user', signedIn.get(name) ?? '')).status, 200, name)
    }
  })

  test('a host is a border for scripts: what comes from another frontend is 403', async () => {
    const browser = browserAt('admin')
    await browser.signInHere()
    const cookie = cookieHeader(browser)
    const { origin } = places.desk
    const headers = { origin, 'sec-fetch-site': 'same-site' }
    assert.equal((await ask('admin', '/bff/user', cookie, headers)).status, 403)
    assert.equal((await ask('admin', '/api/remote/api/x', cookie, headers)).status, 403)
  })

  test('machine tokens are each frontend’s own', async () => {
    for (const name of ['top', 'admin', 'desk'] as const) {
      const browser = browserAt(name)
      await browser.signInHere()
      assert.equal((await browser.call('/api/remote/machines/x')).status, 200)
    }
    const counts = [app.provider, staff].map((it) => it.tokenRequests('client_credentials').length)
    assert.deepEqual(counts, [2, 1])
  })

  test('what each stores lies apart', async () => {
    for (const name of names) {
      keys.clear()
      await browserAt(name).signInHere()
      const prefix = name === 'top' ? '' : `frontend:${name}:`
      const sessions = [...keys].filter(
        (key) => /(?:^|:)session:[^:]+$/.test(key) && !key.includes('left'),
      )
      assert.equal(sessions.length, 1)
      assert.match(sessions[0] ?? '', new RegExp(`^${prefix}session:`))
    }
  })

  test('any other host is 421, but for health and the provider’s logout', async () => {
    const cookie = ''
    for (const host of ['evil.localhost', 'admin.localhost', 'admin.localhost.:1', '0.0.0.0']) {
      for (const path of ['/', '/bff/user', '/api/remote/api/x', '/shop/bff/user']) {
        assert.equal((await ask('top', path, cookie, { host })).status, 421, `${host} ${path}`)
      }
      assert.equal((await ask('top', '/bff/health/live', cookie, { host })).status, 200, host)
      const { status } = await app.browser().send(`${app.origin}/bff/backchannel`, {
        method: 'POST',
        headers: { host },
        body: new URLSearchParams({ logout_token: 'none' }),
      })
      assert.equal(status, 400, host)
    }
  })

  test('a logout token goes to the frontends that its iss and aud name, wherever it comes in', async () => {
    const at = async (name: Name) => {
      const browser = browserAt(name)
      await browser.signInHere()
      return browser
    }
    const [top, admin, shop] = [await at('top'), await at('admin'), await at('shop')]
    const token = await staff.signLogoutToken({ sub: 'boss', sid: undefined })
    const { status } = await app.browser().send(`${app.origin}/bff/backchannel`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    })
    assert.equal(status, 200)
    assert.equal(await admin.user(), undefined)
    assert.equal(await shop.user(), undefined)
    assert.equal((await top.user())?.sub, 'alice')
    // Of the right provider, but for no client of ours.
    const stranger = await staff.signLogoutToken({ sub: 'boss', aud: 'another-app' })
    const refused = await app.browser().send(`${places.admin.origin}/bff/backchannel`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: stranger }),
    })
    assert.equal(refused.status, 400)
  })
})

function cookieOf(name: Name): string {
  const port = new URL(app.origin).port
  return name === 'shop' || name === 'club' ? `bff-${port}-${name}` : `bff-${port}`
}
