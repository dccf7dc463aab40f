import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Config } from './define-config.ts'
import { loadSettings } from './load-settings.ts'

const env = {
  OIDC_ISSUER: 'https://op.example',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'one-that-the-provider-gave',
  OIDC_SCOPE: 'openid top',
  BFF_BASE_URL: 'https://app.example',
  BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
  OTHER_SECRET: 'that-of-the-other-client',
}
const load = (config: Config) => loadSettings({ env, config })

function settingsOf(frontends: Config['frontends'], top: Config = {}) {
  const loaded = load({ ...top, ...(frontends ? { frontends } : {}) })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { settings } = loaded
  return {
    top: settings,
    named: (name: string) => {
      const found = settings.frontends.find((it) => it.frontend?.name === name)
      if (!found) throw new Error(`no ${name}`)
      return found
    },
  }
}

/** Name of the setting and what is wrong with it, of one frontend called `it`. */
const wrong: [title: string, frontends: object, setting: string, problem: RegExp][] = [
  ['no place', { it: {} }, 'frontends.it.host', /is not set/],
  ['two places', { it: { host: 'a.example', path: '/a' } }, 'frontends.it.host', /beside path/],
  ['the root', { it: { path: '/' } }, 'frontends.it.path', /whole of the origin/],
  ['a host with a path', { it: { host: 'a.example/x' } }, 'frontends.it.host', /valid host/],
  ['the host of the top level', { it: { host: 'app.example' } }, 'frontends.it.host', /BFF_BASE/],
  ['our endpoints', { it: { path: '/bff' } }, 'frontends.it.path', /meets/],
  ['what holds remotes', { it: { path: '/api' } }, 'frontends.it.path', /meets/],
  ['a name of cookies', { tx: { path: '/a' } }, 'frontends.tx', /other cookies/],
  ['a name in capitals', { It: { path: '/a' } }, 'frontends.It', /cookie/],
  [
    'another scheme',
    { it: { host: 'a.example', baseUrl: 'http://localhost' } },
    'frontends.it.baseUrl',
    /another scheme/,
  ],
  [
    'an address at a path',
    { it: { path: '/a', baseUrl: 'https://a.example' } },
    'frontends.it.baseUrl',
    /beside path/,
  ],
  [
    'a host twice',
    { a: { host: 'a.example' }, it: { host: 'A.example' } },
    'frontends.it.host',
    /a$/,
  ],
  ['a path twice', { a: { path: '/a' }, it: { path: '/a/' } }, 'frontends.it.path', /meets/],
  ['an unknown name', { it: { path: '/a', store: 'x' } }, 'frontends.it.store', /not a setting/],
  [
    'no credentials',
    { it: { path: '/a', oidc: { issuer: 'https://b.example' } } },
    'frontends.it.oidc.secretEnv',
    /is not set/,
  ],
  [
    'credentials that are not there',
    { it: { path: '/a', oidc: { clientId: 'b', secretEnv: 'NOWHERE' } } },
    'frontends.it.oidc.secretEnv',
    /names a variable/,
  ],
  [
    'the cookie of another as one of an API',
    {
      it: {
        path: '/a',
        session: { cookieName: 'my' },
        remotes: { x: { target: 'https://a.example', cookies: ['my-other'] } },
      },
    },
    'frontends.it.remotes.x.cookies[0]',
    /cookie of Cloakroom/,
  ],
  [
    'a rule of a section',
    { it: { path: '/a', session: { idle: '2h', absolute: '1h' } } },
    'frontends.it.session.absolute',
    /shorter/,
  ],
]

describe('A66: the rules of frontends', () => {
  for (const [title, frontends, setting, problem] of wrong) {
    test(`refuse ${title}`, () => {
      const loaded = load({ frontends } as Config)
      assert.ok(!loaded.ok)
      const found = loaded.problems.find((it) => it.setting === setting)
      assert.match(found?.problem ?? JSON.stringify(loaded.problems), problem)
    })
  }

  test('what is wrong at the top level is told once', () => {
    const config = { session: { touchEvery: '2h' } } as const
    const loaded = load({ ...config, frontends: { a: { path: '/a' }, b: { path: '/b' } } })
    assert.ok(!loaded.ok)
    assert.deepEqual(
      loaded.problems.map(({ setting }) => setting),
      ['session.touchEvery'],
    )
  })

  test('what is left out comes from the top level, remotes as a whole', () => {
    const { named } = settingsOf(
      {
        shop: { path: '/shop', session: { idle: '5m' }, remotes: {} },
        admin: { host: 'admin.example' },
      },
      { session: { idle: '10m', absolute: '1h' }, remotes: { a: { target: 'https://a.example' } } },
    )
    const [shop, admin] = [named('shop'), named('admin')]
    assert.deepEqual([shop.session.idleSeconds, shop.session.absoluteSeconds], [300, 3600])
    assert.deepEqual([Object.keys(shop.remotes), Object.keys(admin.remotes)], [[], ['a']])
    assert.deepEqual(
      [shop.publicOrigin, shop.callbackPath],
      ['https://app.example', '/shop/bff/callback'],
    )
    assert.deepEqual(
      [admin.publicOrigin, admin.callbackPath],
      ['https://admin.example', '/bff/callback'],
    )
    assert.deepEqual([shop.session.cookieName, admin.session.cookieName], ['bff-shop', 'bff'])
    assert.notDeepEqual(shop.secrets, admin.secrets)
  })
})

describe('A66: the secret of one client is never another’s', () => {
  const own = { clientId: 'b', secretEnv: 'OTHER_SECRET' }
  test('with another issuer nothing of the first provider is left', () => {
    const { named } = settingsOf(
      { b: { path: '/b', oidc: { ...own, issuer: 'https://b.example' } } },
      {
        oidc: {
          endpoints: { token: 'https://op.example/token' },
          params: { audience: 'x' },
          logout: false,
          dpop: true,
        },
      },
    )
    const { oidc } = named('b')
    assert.deepEqual(oidc.auth, { method: 'client_secret', secret: env.OTHER_SECRET })
    assert.deepEqual([oidc.issuer, oidc.clientId], ['https://b.example', 'b'])
    assert.deepEqual([oidc.endpoints, oidc.params, oidc.logout], [{}, {}, true])
    assert.equal(oidc.isScopeSet, false)
    // How we want to be spoken to is no word about the provider.
    assert.equal(oidc.dpop, true)
  })

  test('another client of the same provider keeps what is the provider’s', () => {
    const { named } = settingsOf({ b: { path: '/b', oidc: own } }, { oidc: { logout: false } })
    const { oidc } = named('b')
    assert.equal(oidc.issuer, env.OIDC_ISSUER)
    assert.deepEqual(oidc.auth, { method: 'client_secret', secret: env.OTHER_SECRET })
    assert.equal(oidc.logout, false)
  })

  test('the secret goes along where neither is another', () => {
    const { named } = settingsOf({ b: { path: '/b', oidc: { dpop: true } } })
    assert.deepEqual(named('b').oidc.auth, {
      method: 'client_secret',
      secret: env.OIDC_CLIENT_SECRET,
    })
  })

  test('nowhere, when another client has none of its own', () => {
    for (const oidc of [{ clientId: 'b' }, { issuer: 'https://b.example' }]) {
      const loaded = load({ frontends: { b: { path: '/b', oidc } } })
      assert.ok(!loaded.ok)
      assert.ok(!JSON.stringify(loaded).includes(env.OIDC_CLIENT_SECRET))
    }
  })
})
