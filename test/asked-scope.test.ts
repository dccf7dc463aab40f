import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import type { LogFields } from '#lib/telemetry/log.ts'
import { startApp } from './support/app.ts'

const usual = 'openid profile email'
const listed = ['openid', 'profile', 'email', 'offline_access']

describe('L29: which scopes are asked for', () => {
  for (const [what, scopes, keycloak, config, asked] of [
    ['is in the list', listed, false, {}, `${usual} offline_access`],
    ['is not in the list (Google, Cognito, Spring)', ['openid', 'email'], false, {}, usual],
    ['may be in a list that is not told', undefined, false, {}, `${usual} offline_access`],
    ['is in the list of Keycloak', listed, true, {}, usual],
    [
      'is set, at Keycloak',
      listed,
      true,
      { scope: `openid offline_access` },
      'openid offline_access',
    ],
    [
      'is set, and not in the list',
      ['openid'],
      false,
      { scope: `openid offline_access` },
      'openid offline_access',
    ],
  ] as [string, string[] | undefined, boolean, Config['oidc'], string][]) {
    test(`L29: offline_access ${what}`, async (t) => {
      const app = await startApp({ config: { oidc: config ?? {} } })
      t.after(() => app.close())
      app.provider.override('discovery', async (_, answer) => {
        const found = await answer()
        const { scopes_supported: _dropped, ...body } = found.body as Record<string, unknown>
        return {
          ...found,
          body: {
            ...body,
            ...(scopes && { scopes_supported: scopes }),
            ...(keycloak && {
              authorization_endpoint: `${app.provider.issuer}/protocol/openid-connect/auth`,
            }),
          },
        }
      })
      const login = await app.browser().send(`${app.origin}/bff/login`)
      const address = new URL(login.headers.get('location') ?? '')
      assert.equal(address.searchParams.get('scope'), asked)
    })
  }

  const told = (app: Awaited<ReturnType<typeof startApp>>) =>
    app.log.events
      .filter(({ event }) => event === 'misconfiguration')
      .map(({ fields }) => (fields as LogFields['misconfiguration']).what)

  const header = Buffer.from('{"alg":"HS512"}').toString('base64url')
  const typed = (typ: string) =>
    `${header}.${Buffer.from(JSON.stringify({ typ })).toString('base64url')}.c2ln`
  for (const [what, answer, config, isTold] of [
    ['of its type', { refresh_token: typed('Offline') }, {}, true],
    ['that never ends', { refresh_expires_in: 0 }, {}, true],
    ['that was asked for', { refresh_expires_in: 0 }, { scope: 'openid offline_access' }, false],
    ['that is none', { refresh_token: typed('Refresh'), refresh_expires_in: 1800 }, {}, false],
  ] as [string, object, Config['oidc'], boolean][]) {
    test(`L29: an offline refresh token ${what}`, async (t) => {
      const app = await startApp({ config: { oidc: config ?? {} } })
      t.after(() => app.close())
      app.provider.override('token', async (_, usualAnswer) => {
        const found = await usualAnswer()
        return { ...found, body: { ...(found.body as object), ...answer } }
      })
      await app.browser().signInHere()
      assert.equal(/offline refresh token/.test(told(app).join()), isTold, told(app).join())
    })
  }

  test('L29: no refresh token is told, whatever was asked for', async (t) => {
    const app = await startApp({ config: { oidc: { scope: 'openid' } } })
    t.after(() => app.close())
    app.provider.override('token', async (_, usualAnswer) => {
      const found = await usualAnswer()
      const { refresh_token: _dropped, ...body } = found.body as Record<string, unknown>
      return { ...found, body }
    })
    await app.browser().signInHere()
    assert.match(told(app).join(), /no refresh token/)
  })
})
