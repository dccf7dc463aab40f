import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { loadSettings } from '#lib/config/load-settings.ts'
import { type App, startApp } from './support/app.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'
import { startTenantIssuer } from './support/tenant-issuer.ts'

const ours = '11111111-2222-3333-4444-555555555555'
const partner = '66666666-7777-8888-9999-aaaaaaaaaaaa'
const stranger = 'bbbbbbbb-cccc-dddd-eeee-ffffffffffff'

async function start(t: TestContext, path: string, template?: string) {
  const provider = await startScriptedProvider({
    metadata: { frontchannel_logout_supported: true },
  })
  t.after(() => provider.close())
  const issuer = await startTenantIssuer(provider, { tenant: ours, ...(template && { template }) })
  t.after(() => issuer.close())
  const app = await startApp({
    provider,
    env: { OIDC_ISSUER: `${issuer.origin}/${path}/v2.0` },
    config: { oidc: { tenants: [ours, partner] }, frontchannel: { enabled: true } },
  })
  t.after(() => app.close())
  return { app, issuer, provider }
}

const failures = ({ log }: App) =>
  log.events
    .filter(({ event }) => event === 'sign_in.failed' || event === 'sign_in.impossible')
    .map(({ fields }) => fields as Record<string, unknown>)

describe('an issuer of several tenants (Microsoft Entra)', () => {
  for (const path of ['common', 'organizations', '{tenantid}']) {
    test(`L37: ${path}: people of listed tenants sign in, stay so and sign out`, async (t) => {
      const { app, issuer } = await start(t, path)
      for (const tenant of [ours, partner]) {
        issuer.tenant = tenant
        const browser = app.browser()
        await browser.signInHere()
        assert.deepEqual(failures(app), [])
        app.advance(301_000)
        assert.equal((await browser.call('/api/remote/api/x')).status, 200)
        assert.equal((await browser.user())?.sub, 'alice')
      }
      // By `sub`, which names somebody else in each tenant; server code asks for all of them.
      assert.equal((await app.bff.sessions.list('alice')).length, 2)
      assert.equal(app.provider.tokenRequests('refresh_token').length, 2)
      assert.equal(await app.bff.sessions.endAll('alice'), 2)
    })
  }

  test('L37: somebody of another tenant does not, and the log names it', async (t) => {
    const { app, issuer } = await start(t, 'common')
    issuer.tenant = stranger
    const browser = app.browser()
    assert.equal((await browser.signInHere()).status, 502)
    assert.equal(await browser.user(), undefined)
    const [told] = failures(app)
    assert.equal(told?.claim, 'iss')
    assert.match(String(told?.found), new RegExp(stranger))
    assert.match(String(told?.fix), /add the id of its tenant to oidc\.tenants/)
  })

  test('L37: nor does one whose tenant was taken off the list at a refresh', async (t) => {
    const { app, issuer } = await start(t, 'common')
    const browser = app.browser()
    await browser.signInHere()
    issuer.tenant = stranger
    app.advance(301_000)
    assert.equal((await browser.call('/api/remote/api/x')).status, 401)
    assert.equal(await browser.user(), undefined)
  })

  test('L37: a tenant’s sign-out reaches its people only', async (t) => {
    const { app, issuer, provider } = await start(t, 'common')
    const browsers = []
    provider.state.sid = 'one-sid'
    for (const tenant of [ours, partner]) {
      issuer.tenant = tenant
      const browser = app.browser()
      await browser.signInHere()
      browsers.push(browser)
    }
    const sent = async (tenant: string) => {
      const iss = `${issuer.origin}/${tenant}/v2.0`
      const token = await provider.signLogoutToken({ iss, sub: 'alice', sid: undefined })
      const body = new URLSearchParams({ logout_token: token })
      return (await fetch(`${app.origin}/bff/backchannel`, { method: 'POST', body })).status
    }
    assert.equal(await sent(stranger), 400)
    assert.equal(await sent(partner), 200)
    const users = await Promise.all(browsers.map((it) => it.user()))
    assert.deepEqual(
      users.map((it) => it?.sub),
      ['alice', undefined],
    )
    const elsewhere = `${app.origin}/bff/frontchannel?sid=x&iss=`
    const status = async (iss: string) => (await fetch(elsewhere + encodeURIComponent(iss))).status
    assert.equal(await status(`${issuer.origin}/${ours}/v2.0`), 200)
    assert.equal(await status(`${issuer.origin}/${stranger}/v2.0`), 400)
  })

  for (const template of ['common', ours, '{TENANTID}', 'x{tenantid}']) {
    test(`L37: a document that names ${template} is another issuer's`, async (t) => {
      const { app } = await start(t, 'common', template)
      assert.equal((await app.browser().send(`${app.origin}/bff/login`)).status, 502)
      assert.match(String(failures(app)[0]?.what), /names the issuer \S+, which is another/)
    })
  }

  const refused: [string, string, string[], RegExp][] = [
    [
      'common without a list',
      'https://l.example/common/v2.0',
      [],
      /tenants is not set, and OIDC_ISSUER is of any/,
    ],
    ['organizations without one', 'https://l.example/organizations/v2.0', [], /tenants is not set/],
    ['a template without one', 'https://l.example/{tenantid}/v2.0', [], /tenants is not set/],
    [
      'a list at one tenant',
      `https://l.example/${ours}/v2.0`,
      [ours],
      /OIDC_ISSUER is of one tenant/,
    ],
    [
      'a domain name',
      'https://l.example/common/v2.0',
      ['example.com'],
      /"example\.com", which is no tenant id/,
    ],
    ['upper case', 'https://l.example/common/v2.0', [ours.replace(/1/g, 'A')], /no tenant id/],
  ]
  for (const [title, issuer, tenants, message] of refused) {
    test(`L37: ${title} stops the start`, () => {
      const env = { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: 'app', OIDC_CLIENT_SECRET: 'a-secret' }
      const loaded = loadSettings({ env, config: { oidc: { tenants } } })
      const told = loaded.ok ? [] : loaded.problems.map((it) => Object.values(it).join(' '))
      assert.match(told.join('\n'), message)
    })
  }

  test('L37: a realm that is called common is an issuer like any other', () => {
    const env = { OIDC_ISSUER: 'https://kc.example/realms/common', OIDC_CLIENT_ID: 'app' }
    const loaded = loadSettings({ env, config: {} })
    assert.ok(!loaded.ok && loaded.problems.every(({ setting }) => setting !== 'oidc.tenants'))
  })
})
