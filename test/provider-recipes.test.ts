import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Config } from '#lib/config/define-config.ts'
import { type App, startApp } from './support/app.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'
import { startTenantIssuer } from './support/tenant-issuer.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/providers.md'), 'utf8')

/** The block of a provider's section, as people copy it. */
function recipeOf(name: string): Config {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${name}\n`)) ?? ''
  return JSON.parse(/```json\n(.*?)```/s.exec(section)?.[1] ?? assert.fail(`none of ${name}`))
}

interface Quirks {
  metadata: Record<string, unknown>
  /** What that provider does otherwise than an honest one. */
  act?(provider: ScriptedProvider): void
  /** Of whom its tokens are, where it has several tenants. */
  tenant?: string
  /** Where a sign-out leads, when not to the honest page. */
  signOut?: RegExp | 'here'
}

const listed = ['openid', 'profile', 'email']

/** Gives a refresh token without `offline_access` too, if `when` says so. */
function givesRefreshTokens(provider: ScriptedProvider, when: (asked: URLSearchParams) => boolean) {
  provider.override('token', async ({ params }, usual) => {
    const answer = await usual()
    const asked = provider.requests.findLast(({ name }) => name === 'authorize')?.params
    if (params.get('grant_type') !== 'authorization_code' || !asked || !when(asked)) return answer
    const refresh_token = `refresh-${randomUUID()}`
    const grant = { scope: asked.get('scope') ?? '', family: randomUUID(), sid: undefined }
    provider.state.refreshTokens.set(refresh_token, { ...grant, active: true })
    return { ...answer, body: { ...(answer.body as object), refresh_token } }
  })
}

/** Refuses scopes on a page of its own, as some do: nobody comes back. */
function refusesScopes(provider: ScriptedProvider, allowed: readonly string[]): void {
  provider.override('authorize', async ({ params }, usual) => {
    const odd = params
      .get('scope')
      ?.split(' ')
      .find((it) => !allowed.includes(it))
    return odd === undefined ? usual() : { status: 400, body: `invalid_scope ${odd}` }
  })
}

const providers: Record<string, Quirks> = {
  Keycloak: {
    metadata: { scopes_supported: [...listed, 'offline_access'] },
    act(provider) {
      provider.override('discovery', async (_, usual) => {
        const answer = await usual()
        const authorization_endpoint = `${provider.issuer}/authorize?at=/protocol/openid-connect/auth`
        return { ...answer, body: { ...(answer.body as object), authorization_endpoint } }
      })
      refusesScopes(provider, listed)
      givesRefreshTokens(provider, () => true)
    },
  },
  Google: {
    metadata: { scopes_supported: listed, end_session_endpoint: undefined },
    signOut: 'here',
    act(provider) {
      refusesScopes(provider, listed)
      const isOffline = (asked: URLSearchParams) =>
        asked.get('access_type') === 'offline' && asked.get('prompt') === 'consent'
      givesRefreshTokens(provider, isOffline)
    },
  },
  'Amazon Cognito': {
    metadata: { scopes_supported: listed, end_session_endpoint: undefined },
    signOut: /^https:\/\/example\.auth\.\S+\/logout\?client_id=cloakroom-test&logout_uri=http/,
    act(provider) {
      refusesScopes(provider, listed)
      givesRefreshTokens(provider, () => true)
    },
  },
  'Microsoft Entra ID': {
    metadata: { scopes_supported: [...listed, 'offline_access'], revocation_endpoint: undefined },
  },
  'Microsoft Entra ID, several tenants': {
    metadata: { scopes_supported: [...listed, 'offline_access'], revocation_endpoint: undefined },
    tenant: '11111111-2222-3333-4444-555555555555',
  },
  Auth0: {
    metadata: { scopes_supported: [...listed, 'offline_access'] },
    act(provider) {
      provider.override('authorize', async ({ params }, usual) =>
        params.get('audience') ? usual() : { status: 400, body: 'no audience' },
      )
    },
  },
  Okta: { metadata: {} },
  'Spring Authorization Server': {
    metadata: { scopes_supported: ['openid'] },
    act(provider) {
      refusesScopes(provider, listed)
      givesRefreshTokens(provider, () => true)
    },
  },
  'Ory Hydra': {
    metadata: { pushed_authorization_request_endpoint: undefined },
    act(provider) {
      provider.override('token', async ({ params }, usual) =>
        params.has('client_secret')
          ? usual()
          : { status: 401, body: { error: 'invalid_client', error_description: 'registered' } },
      )
    },
  },
  dex: {
    metadata: { end_session_endpoint: undefined, revocation_endpoint: undefined },
    signOut: 'here',
  },
  'better-auth': {
    metadata: { id_token_signing_alg_values_supported: ['EdDSA', 'RS256'] },
    signOut: 'here',
    act: (provider) => provider.override('endSession', () => ({ status: 401, body: '' })),
  },
}

async function started(t: TestContext, name: string, quirks: Quirks): Promise<App> {
  const { metadata, act, tenant } = quirks
  const provider = await startScriptedProvider({ metadata })
  t.after(() => provider.close())
  const several = tenant === undefined ? undefined : await startTenantIssuer(provider, { tenant })
  t.after(() => several?.close())
  const env = several && { OIDC_ISSUER: `${several.origin}/organizations/v2.0` }
  const app = await startApp({ config: recipeOf(name), provider, ...(env && { env }) })
  t.after(() => app.close())
  act?.(provider)
  return app
}

describe('L32: providers', () => {
  for (const [name, quirks] of Object.entries(providers)) {
    test(`L32: ${name}: sign-in, call, refresh and sign-out by its recipe`, async (t) => {
      const app = await started(t, name, quirks)
      const browser = app.browser()
      await browser.signInHere()
      assert.equal((await browser.user())?.sub, 'alice')
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
      app.advance(301_000)
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
      const tokens = app.apiRequests.map(({ headers }) => headers.authorization)
      assert.equal(new Set(tokens).size, 2)

      const { 'bff:logout_url': logout } = (await browser.user()) as Record<string, string>
      const answer = await browser.send(`${app.origin}${logout}`)
      const { signOut = /\/logout\?.*post_logout_redirect_uri=/ } = quirks
      const location = new URL(answer.headers.get('location') ?? '', app.origin).href
      if (signOut === 'here') assert.equal(new URL(location).origin, app.origin)
      else assert.match(location, signOut)
      assert.equal(await browser.user(), undefined)
      const bad = app.log.events.filter(({ event }) => /failed|refused|misconf/.test(event))
      const told = bad.map(({ fields }) => JSON.stringify(fields))
      assert.deepEqual(
        told.filter((line) => !/revocation endpoint/.test(line)),
        [],
      )
    })
  }

  test('L32: Keycloak: an offline session that was asked for is no complaint, and a 403 ends none', async (t) => {
    const app = await startApp({
      config: { oidc: { scope: 'openid profile email offline_access' } },
      provider: { metadata: providers.Keycloak?.metadata ?? {} },
    })
    t.after(() => app.close())
    app.provider.override('token', async (_, usual) => {
      const answer = await usual()
      return { ...answer, body: { ...(answer.body as object), refresh_expires_in: 0 } }
    })
    const browser = app.browser()
    await browser.signInHere()
    assert.ok(Number((await browser.user())?.['bff:session_expires_in']) > 1700)
    assert.ok(app.log.events.every(({ event }) => event !== 'misconfiguration'))
    const disabled = { status: 403, body: { error: 'access_denied' } }
    app.provider.once('token', () => disabled)
    app.advance(301_000)
    assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    assert.equal((await browser.user())?.sub, 'alice')
    app.advance(10_000)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
  })

  test('L32: Ory Hydra: after a rotation of its keys refreshed ID tokens cost nobody the session', async (t) => {
    const app = await started(t, 'Ory Hydra', { metadata: {} })
    const browser = app.browser()
    await browser.signInHere()
    const old = await app.provider.signIdToken()
    const { kid } = decodeProtectedHeader(old)
    await app.provider.rotateKeys()
    app.provider.override('token', async (_, usual) => {
      const answer = await usual()
      const body = answer.body as { id_token: string }
      // The old name, and the new signature.
      const id_token = await app.provider.signIdToken(decodeJwt(body.id_token), {
        kid: String(kid),
      })
      return { ...answer, body: { ...body, id_token } }
    })
    app.advance(301_000)
    assert.equal((await browser.call('/api/remote/api/x')).status, 200)
    assert.equal((await browser.user())?.sub, 'alice')
    assert.ok(app.log.events.some(({ event }) => event === 'token.refresh.id_token_refused'))
  })

  test('L32: every block of the page is of a provider that is driven here', () => {
    const sections = page.split(/^## /m).filter((each) => each.includes('```json'))
    assert.deepEqual(
      sections.map((each) => each.split('\n')[0]),
      Object.keys(providers),
    )
  })
})
