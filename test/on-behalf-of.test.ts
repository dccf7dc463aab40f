import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { loadSettings } from '#lib/config/load-settings.ts'
import { type App, startApp } from './support/app.ts'
import { freePort } from './support/free-port.ts'

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const scope = 'api://orders/.default'

/** A provider whose tokens for other APIs come by on-behalf-of (RFC 7523), as at Microsoft Entra. */
async function start(t: TestContext, config: Config = {}): Promise<App> {
  const app = await startApp({
    config: {
      ...config,
      remotes: {
        api: { target: 'http://127.0.0.1:1' },
        orders: {
          target: `http://127.0.0.1:${await freePort()}`,
          exchange: { grant: 'jwt-bearer', scope },
        },
      },
    },
  })
  t.after(() => app.close())
  app.provider.override('token', async ({ params }, usual) =>
    params.get('grant_type') === jwtBearer
      ? { body: { access_token: `for ${params.get('assertion')}`, token_type: 'Bearer' } }
      : usual(),
  )
  return app
}

describe('on-behalf-of (RFC 7523)', () => {
  test('T30: sends the user’s token as the assertion, with the scope, and nothing of RFC 8693', async (t) => {
    const app = await start(t, {
      tokenRequest: ({ grant, scope: asked }) => ({ seen: `${grant} ${asked ?? ''}` }),
    })
    for (const _ of ['alice', 'her other browser']) {
      const browser = app.browser()
      await browser.signInHere()
      await browser.call('/api/remote/orders/x')
      await browser.call('/api/remote/orders/x')
    }
    const sent = app.provider.tokenRequests(jwtBearer).map((it) => Object.fromEntries(it))
    assert.equal(sent.length, 2)
    const assertions = sent.map(({ assertion }) => assertion)
    assert.equal(new Set(assertions).size, 2)
    for (const { assertion, client_id: _, client_secret: __, ...rest } of sent) {
      assert.match(String(assertion), /^access-/)
      assert.deepEqual(rest, {
        grant_type: jwtBearer,
        scope,
        requested_token_use: 'on_behalf_of',
        seen: `jwt_bearer ${scope}`,
      })
    }
  })

  const refused: [string, object, RegExp][] = [
    ['audience', { audience: 'x' }, /exchange\.audience does not go with the grant jwt-bearer/],
    ['resource', { resource: 'urn:x' }, /exchange\.resource does not go/],
    ['actor', { actor: 'gateway' }, /exchange\.actor does not go/],
    [
      'requestedTokenType',
      { requestedTokenType: 'urn:x' },
      /exchange\.requestedTokenType does not go/,
    ],
    ['no scope', { scope: undefined }, /exchange\.scope is not set, and the grant is jwt-bearer/],
  ]
  for (const [title, wrong, message] of refused) {
    test(`T30: ${title} is refused with it at start`, () => {
      const given = Object.entries({ grant: 'jwt-bearer', scope, ...wrong })
      const exchange = Object.fromEntries(given.filter(([, value]) => value !== undefined))
      const loaded = loadSettings({
        env: { OIDC_ISSUER: 'https://login.example', OIDC_CLIENT_ID: 'app' },
        config: {
          clients: { gateway: {} },
          remotes: { orders: { target: 'https://orders.example', exchange } },
        },
      })
      const told = loaded.ok ? [] : loaded.problems.map((it) => Object.values(it).join(' '))
      assert.match(told.join('\n'), message)
    })
  }
})
