import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import type { LogFields } from '#lib/telemetry/log.ts'
import { type App, startApp } from './support/app.ts'
import { startUpstream } from './support/remote-fixture.ts'
import type { RecordedRequest, ScriptedProvider } from './support/scripted-provider.ts'

const refused = 'urn:unknown'
const asksForRefused = ({ params }: RecordedRequest) => params.getAll('resource').includes(refused)

function backWith(error: string, { params }: RecordedRequest, provider: ScriptedProvider) {
  const to = new URL(params.get('redirect_uri') ?? '')
  const answer = { error, state: params.get('state') ?? '', iss: provider.issuer }
  for (const [name, value] of Object.entries(answer)) to.searchParams.set(name, value)
  return { status: 302, headers: { location: to.href } }
}

/** Where a provider can say `invalid_target`. At sign-in, it knows of good resources by then only. */
const places = {
  'in its redirect': (provider) =>
    provider.override('authorize', async (request, usual) =>
      asksForRefused(request) ? backWith('invalid_target', request, provider) : usual(),
    ),
  'in answer to a pushed request': (provider) =>
    provider.override('par', (request, usual) =>
      asksForRefused(request) ? { status: 400, body: { error: 'invalid_target' } } : usual(),
    ),
  'in answer to the code': (provider) => {
    const asked: boolean[] = []
    provider.override('authorize', (request, usual) => {
      asked.push(asksForRefused(request))
      return usual()
    })
    provider.override('token', (request, usual) =>
      request.params.has('code') && asked.at(-1)
        ? { status: 400, body: { error: 'invalid_target' } }
        : usual(),
    )
  },
} satisfies Record<string, (provider: ScriptedProvider) => void>

async function start(t: TestContext, more: Config = {}, resources = [refused, 'urn:good']) {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const target = upstream.origin
  const named = resources.map((resource) => [resource.slice(4), { target, resource }] as const)
  const app = await startApp({
    config: { ...more, remotes: { plain: { target }, ...Object.fromEntries(named) } },
  })
  t.after(() => app.close())
  return app
}

const told = (app: App) =>
  app.log.events
    .filter(({ event }) => event === 'misconfiguration')
    .map(({ fields }) => (fields as LogFields['misconfiguration']).what)

/** The resources of the last authorization request of a browser. */
const lastAsked = ({ provider }: App) => {
  const sent = provider.requests.filter(
    ({ name, params }) => (name === 'par' || name === 'authorize') && params.has('scope'),
  )
  return sent.findLast(({ params }) => params.get('prompt') !== 'none')?.params.getAll('resource')
}

describe('T15: a resource that the provider refuses', () => {
  for (const [title, script] of Object.entries(places)) {
    const config = { oidc: { par: title.includes('pushed') } }
    for (const resources of [[refused], [refused, 'urn:good']]) {
      test(`T15: keeps nobody from signing in: ${title}, ${resources.length} asked`, async (t) => {
        const app = await start(t, config, resources)
        script(app.provider)
        const browser = app.browser()
        const arrived = await browser.signInHere('?returnUrl=/deep')
        assert.equal(arrived.headers.get('location'), '/deep')
        assert.equal((await browser.user())?.sub, 'alice')
      })
    }

    test(`T15: is left out of later sign-ins for a while: ${title}`, async (t) => {
      const app = await start(t, config, [refused])
      script(app.provider)
      await app.browser().signInHere()
      assert.match(told(app).join(), /resource "urn:unknown" \(remote unknown\)/)
      const before = app.provider.counters.authorize
      await app.browser().signInHere()
      assert.equal(app.provider.counters.authorize, before + 1)
      assert.deepEqual(lastAsked(app), [])
      assert.equal(told(app).length, 1)
      // It may have become known meanwhile.
      app.provider.override('authorize')
      app.provider.override('par')
      app.advance(11 * 60_000)
      await app.browser().signInHere()
      assert.deepEqual(lastAsked(app), [refused])
    })
  }

  test('T15: costs no good resource its place', async (t) => {
    for (const title of ['in its redirect', 'in answer to a pushed request'] as const) {
      const app = await start(t, { oidc: { par: title.includes('pushed') } })
      places[title](app.provider)
      for (let i = 0; i < 2; i++) {
        const browser = app.browser()
        await browser.signInHere()
        assert.equal((await browser.user())?.sub, 'alice')
        assert.deepEqual(lastAsked(app), ['urn:good'])
      }
      assert.equal(told(app).length, 1)
    }
  })

  for (const how of ['in its redirect', 'in answer to the code'] as const) {
    test(`T15: of which probes cannot tell costs its own remote only: ${how}`, async (t) => {
      const app = await start(t)
      const { provider } = app
      const isInRedirect = how === 'in its redirect'
      let asked: string[][] = []
      provider.override('authorize', async (request, usual) => {
        if (request.params.get('prompt') === 'none') {
          return backWith('login_required', request, provider)
        }
        asked.push(request.params.getAll('resource'))
        const isRefused = isInRedirect && asksForRefused(request)
        return isRefused ? backWith('invalid_target', request, provider) : usual()
      })
      provider.override('token', (request, usual) => {
        const isForCode = request.params.has('code') && asked.at(-1)?.includes(refused)
        const isRefused = asksForRefused(request) || (isForCode && !isInRedirect)
        return isRefused ? { status: 400, body: { error: 'invalid_target' } } : usual()
      })
      for (let i = 0; i < 2; i++) {
        asked = []
        const browser = app.browser()
        const arrived = await browser.signInHere('?returnUrl=/deep')
        assert.equal(arrived.headers.get('location'), '/deep')
        // Nobody else's sign-in is changed, and this one has made two visits.
        assert.deepEqual(asked, [[refused, 'urn:good'], []])
        assert.equal((await browser.call('/api/remote/good/x')).status, 200)
        assert.equal((await browser.call('/api/remote/unknown/x')).status, 503)
        assert.equal((await browser.call('/api/remote/plain/x')).status, 200)
      }
      const atSignIn = told(app).filter((it) => it.includes('sign-in'))
      assert.equal(atSignIn.length, isInRedirect ? 0 : 1)
      assert.match(atSignIn.join(), isInRedirect ? /^$/ : /one of these.*unknown.*good/)
      assert.match(told(app).join(), /no token for resource "urn:unknown".* \(remote unknown\)/)
      assert.doesNotMatch(told(app).join(), /no token for resource "urn:good"/)
    })
  }

  test('T15: another one, of which probes cannot tell, keeps nobody from signing in either', async (t) => {
    const late = 'urn:late'
    const app = await start(t, {}, [refused, 'urn:good', late])
    app.provider.override('authorize', async (request, usual) => {
      const isLate =
        request.params.get('prompt') !== 'none' && request.params.getAll('resource').includes(late)
      const isRefused = isLate || asksForRefused(request)
      return isRefused ? backWith('invalid_target', request, app.provider) : usual()
    })
    // The first one learns of the one that probes tell of, and comes back with the other one.
    await app.browser().signInHere()
    for (let i = 0; i < 2; i++) {
      const browser = app.browser()
      await browser.signInHere()
      assert.equal((await browser.user())?.sub, 'alice')
      assert.deepEqual(lastAsked(app), [])
    }
  })

  test('T15: that only a browser tells of changes nobody else’s sign-in', async (t) => {
    const app = await start(t)
    const browser = app.browser()
    const { headers } = await browser.send(`${app.origin}/bff/login`)
    const state = new URL(headers.get('location') ?? '').searchParams.get('state')
    const iss = encodeURIComponent(app.provider.issuer)
    const forged = `${app.origin}/bff/callback?error=invalid_target&state=${state}&iss=${iss}`
    const again = await browser.send(forged)
    assert.equal(again.status, 302)
    assert.deepEqual(
      new URL(again.headers.get('location') ?? '').searchParams.getAll('resource'),
      [],
    )
    await app.browser().signInHere()
    assert.deepEqual(lastAsked(app), [refused, 'urn:good'])
    assert.deepEqual(told(app), [])
  })

  test('T15: that stays refused, for whatever reason, ends in a page and no loop', async (t) => {
    for (const resources of [[refused], []]) {
      const app = await start(t, {}, resources)
      app.provider.override('token', () => ({ status: 400, body: { error: 'invalid_target' } }))
      const browser = app.browser()
      assert.equal((await browser.signInHere()).status, 400)
      assert.ok(app.provider.counters.authorize <= 3)
      assert.equal(await browser.user(), undefined)
    }
  })

  test('T15: at a refresh harms its own remote only', async (t) => {
    const app = await start(t)
    const browser = app.browser()
    await browser.signInHere()
    for (const error of ['invalid_target', 'invalid_scope', 'invalid_request', 'access_denied']) {
      app.provider.override('token', (request, usual) =>
        asksForRefused(request) ? { status: 400, body: { error } } : usual(),
      )
      app.advance(301_000)
      for (let i = 0; i < 3; i++) {
        assert.equal((await browser.call('/api/remote/unknown/x')).status, 503, error)
        assert.equal((await browser.call('/api/remote/good/x')).status, 200, error)
        assert.equal((await browser.call('/api/remote/plain/x')).status, 200, error)
      }
    }
    assert.match(told(app).join(), /no token for resource "urn:unknown".* \(remote unknown\)/)
    assert.equal((await browser.user())?.sub, 'alice')
  })

  test('T15: a refused scope or exchange audience harms its own remote only', async (t) => {
    const upstream = await startUpstream()
    t.after(() => upstream.close())
    const target = upstream.origin
    const app = await startApp({
      config: {
        remotes: {
          plain: { target },
          scoped: { target, scope: 'no.such' },
          exchanged: { target, exchange: { audience: 'no-such' } },
        },
      },
    })
    t.after(() => app.close())
    app.provider.override('token', ({ params }, usual) => {
      if (params.get('audience') === 'no-such')
        return { status: 400, body: { error: 'invalid_target' } }
      return params.get('scope') === 'no.such'
        ? { status: 400, body: { error: 'invalid_scope' } }
        : usual()
    })
    const browser = app.browser()
    await browser.signInHere()
    app.advance(301_000)
    for (let i = 0; i < 2; i++) {
      assert.equal((await browser.call('/api/remote/scoped/x')).status, 503)
      assert.equal((await browser.call('/api/remote/exchanged/x')).status, 500)
      assert.equal((await browser.call('/api/remote/plain/x')).status, 200)
      app.advance(301_000)
    }
  })
})
