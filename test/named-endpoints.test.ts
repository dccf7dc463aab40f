import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Endpoints } from '#lib/config/endpoints.ts'
import { withNamedEndpoints } from '#lib/oidc/named-endpoints.ts'
import { startApp } from './support/app.ts'
import { paths } from './support/scripted-messages.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const names = ['authorization', 'token', 'userinfo', 'jwks', 'revocation', 'endSession', 'par']
const pathOf = { ...paths, authorization: paths.authorize } as Record<string, string>

function addressesAt(issuer: string, which = names): Endpoints {
  return Object.fromEntries(which.map((name) => [name, `${issuer}${pathOf[name]}`]))
}

describe('addresses of the provider in the settings', () => {
  for (const [title, discovery, which, asked] of [
    ['in place of discovery', { status: 404 }, names, 0],
    ['beside it', undefined, ['token', 'revocation'], 1],
    ['for what its document lacks', undefined, ['authorization', 'jwks', 'endSession'], 1],
  ] as const) {
    test(`L35: ${title}: sign-in, call, refresh and sign-out go there`, async (t) => {
      const provider = await startScriptedProvider()
      t.after(() => provider.close())
      const named = addressesAt(provider.issuer, [...which])
      const members = Object.keys(withNamedEndpoints({ issuer: '' }, named))
      provider.override('discovery', async (_, usual) => {
        const { body, ...answer } = await usual()
        const wrong = members.map((it) => [it, it === 'issuer' ? provider.issuer : undefined])
        return (
          discovery ?? { ...answer, body: { ...(body as object), ...Object.fromEntries(wrong) } }
        )
      })
      const app = await startApp({ provider, config: { oidc: { endpoints: named } } })
      t.after(() => app.close())
      const browser = app.browser()
      await browser.signInHere()
      assert.equal((await browser.user())?.sub, 'alice')
      app.advance(301_000)
      assert.equal((await browser.call('/api/remote/api/x')).status, 200)
      assert.equal(provider.tokenRequests('refresh_token').length, 1)
      const { 'bff:logout_url': logout } = (await browser.user()) as Record<string, string>
      const answer = await browser.send(`${app.origin}${logout}`)
      assert.ok(answer.headers.get('location')?.startsWith(`${provider.issuer}/logout?`))
      assert.equal(provider.counters.discovery, asked)
      await app.host.close(1000)
      assert.ok(provider.counters.revocation > 0)
    })
  }

  test('L35: one that mutual TLS has elsewhere is the named one too', () => {
    const metadata = {
      issuer: 'https://i.example',
      mtls_endpoint_aliases: { token_endpoint: 'https://m.example/t', userinfo_endpoint: 'u' },
    }
    const merged = withNamedEndpoints(metadata, { token: 'https://named.example/t' })
    const token_endpoint = 'https://named.example/t'
    assert.deepEqual(merged.mtls_endpoint_aliases, { token_endpoint, userinfo_endpoint: 'u' })
  })

  test('L35: what is missing in both is named with its setting', async (t) => {
    const provider = await startScriptedProvider({ metadata: { jwks_uri: undefined } })
    t.after(() => provider.close())
    const app = await startApp({ provider })
    t.after(() => app.close())
    await app.browser().send(`${app.origin}/bff/login`)
    const told = app.log.events.find(({ event }) => event === 'sign_in.impossible')
    assert.match(
      String(JSON.stringify(told, errorsToo)),
      /no usable jwks_uri.*oidc\.endpoints\.jwks/,
    )
  })
})

function errorsToo(_: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value
}
