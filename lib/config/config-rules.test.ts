import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Config, defineConfig } from './define-config.ts'
import { loadSettings } from './load-settings.ts'
import { describeProblems } from './report.ts'

const env = {
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'one-that-the-provider-gave',
  BFF_BASE_URL: 'https://app.example.com',
  BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
  CATALOG_SECRET: 'another-that-the-provider-gave',
}

function settings(config: Config) {
  const loaded = loadSettings({ env, config })
  assert.ok(loaded.ok, loaded.ok ? '' : describeProblems(loaded.problems))
  return loaded.settings
}

const target = 'https://api.example.com'
const remote = (more: object) => ({ remotes: { api: { target, ...more } } })

describe('A1: what the configuration may not say', () => {
  const rules: [title: string, config: unknown, setting: string, says: RegExp][] = [
    ['no object', 7, 'the configuration', /an object/],
    ['an unknown name', { sesion: {} }, 'sesion', /write session/],
    ['an unknown name below', { session: { idel: 60 } }, 'session.idel', /write idle/],
    ['a name far from all', { user: { frob: 1 } }, 'user.frob', /one of anonymous/],
    ['an unknown name of a remote', remote({ tokn: 'user' }), 'remotes.api.tokn', /write token/],
    ['a base path without slash', { basePath: 'bff' }, 'basePath', /begin it with/],
    ['a base path with dots', { basePath: '/a/../b' }, 'basePath', /plain path/],
    ['a base path on the proxy', { basePath: '/api/remote' }, 'basePath', /below \/api\/remote/],
    [
      'a callback on the proxy',
      { callbackPath: '/api/remote/cb' },
      'callbackPath',
      /something else/,
    ],
    ['a taken callback path', { callbackPath: '/bff/login' }, 'callbackPath', /something else/],
    [
      'two callbacks at one path',
      { callbackPath: '/cb', logoutCallbackPath: '/cb' },
      'logoutCallbackPath',
      /a path of its own/,
    ],
    ['scopes without openid', { oidc: { scope: 'email' } }, 'oidc.scope', /openid/],
    ['an own parameter', { oidc: { params: { state: 'x' } } }, 'oidc.params.state', /take it out/],
    [
      'an own refresh parameter',
      { oidc: { refreshParams: { grant_type: 'x' } } },
      'oidc.refreshParams.grant_type',
      /take it out/,
    ],
    [
      'an own revocation parameter',
      { oidc: { revocationParams: { token: 'x' } } },
      'oidc.revocationParams.token',
      /take it out/,
    ],
    ['a parameter list', { oidc: { params: { a: ['b'] } } }, 'oidc.params.a', /a string/],
    [
      'a key method without key',
      { oidc: { authMethod: 'private_key_jwt' } },
      'oidc.authMethod',
      /set OIDC_CLIENT_KEY/,
    ],
    ['a shared-key algorithm', { oidc: { idTokenAlg: 'HS256' } }, 'oidc.idTokenAlg', /RS256 or/],
    ['a long tolerance', { oidc: { clockTolerance: '1h' } }, 'oidc.clockTolerance', /at most 5m/],
    ['no algorithm', { oidc: { idTokenAlg: 'none' } }, 'oidc.idTokenAlg', /RS256 or/],
    [
      'an audience that is a slip',
      { oidc: { assertionAudience: 'endpont' } },
      'oidc.assertionAudience',
      /'endpoint', or a URI/,
    ],
    ['a flag that is a word', { oidc: { par: 'yes' } }, 'oidc.par', /true or false/],
    ['a short idle time', { session: { idle: '59s' } }, 'session.idle', /at least 60s/],
    ['half a second', { session: { idle: 60.5 } }, 'session.idle', /whole seconds/],
    ['an absolute under idle', { session: { absolute: '20m' } }, 'session.absolute', /1800s/],
    ['a year and more', { session: { absolute: '401d' } }, 'session.absolute', /at most 400d/],
    ['rare touches', { session: { touchEvery: '20m' } }, 'session.touchEvery', /use 900s/],
    [
      'an unknown same-site',
      { session: { sameSite: 'none' } },
      'session.sameSite',
      /strict or lax/,
    ],
    ['a claim that is no name', { session: { claims: ['sub', 1] } }, 'session.claims[1]', /string/],
    ['another status', { user: { anonymous: 204 } }, 'user.anonymous', /401 or 200/],
    ['every origin', { spa: { origins: ['*'] } }, 'spa.origins[0]', /https:\/\/host/],
    ['an origin with path', { spa: { origins: [`${target}/x`] } }, 'spa.origins[0]', /has a path/],
    [
      'a page that is no path',
      { spa: { protectedPages: ['x'] } },
      'spa.protectedPages[0]',
      /begin/,
    ],
    ['a long margin', { tokens: { margin: '2h' } }, 'tokens.margin', /at most 1h/],
    ['long waits', { tokens: { waiters: '5m' } }, 'tokens.waiters', /at most 60s/],
    ['no call at all', { limits: { perAddress: 0 } }, 'limits.perAddress', /at least 1/],
    ['half a call', { limits: { perSession: 1.5 } }, 'limits.perSession', /whole number/],
    ['a number that is text', { limits: { perSession: '5' } }, 'limits.perSession', /whole number/],
    [
      'an unknown limit',
      { limits: { perUser: 5 } },
      'limits.perUser',
      /write perSession|perAddress/,
    ],
    ['a function that is none', { claims: 'sub' }, 'claims', /write a function/],
    ['a client that is no object', { clients: { catalog: 5 } }, 'clients.catalog', /an object/],
  ]
  for (const [title, config, setting, says] of rules) {
    test(`refuses ${title}`, () => {
      const loaded = loadSettings({ env, config: config as Config })
      assert.ok(!loaded.ok)
      const [found, ...rest] = loaded.problems
      assert.equal(found?.setting, setting)
      assert.match(`${found?.problem}: ${found?.fix}`, says)
      assert.deepEqual(rest, [], 'one slip is one problem')
    })
  }

  test('every problem is reported at once, in one sentence each', () => {
    const config = {
      session: { idle: '5s', idel: 1 },
      remotes: { api: { target: 7 }, news: { target, token: 'client' } },
    }
    const loaded = loadSettings({
      env: { ...env, PORT: 'x', BFF_SECRET: '' },
      config: config as never,
    })
    assert.ok(!loaded.ok)
    const wrong = loaded.problems.map(({ setting }) => setting)
    assert.deepEqual(wrong.sort(), [
      'BFF_SECRET',
      'PORT',
      'remotes.api.target',
      'remotes.news.client',
      'session.idel',
      'session.idle',
    ])
    const text = describeProblems(loaded.problems)
    assert.match(text, /^Cloakroom cannot start, 6 settings must be put right:\n/)
    assert.match(text, /\n {2}- session\.idle is too short: use at least 60s\.\n/)
    assert.equal(text.split('\n').length, 8)
  })
})

describe('what the configuration means', () => {
  test('paths follow the base path, and lose their trailing slash', () => {
    const { basePath, callbackPath, logoutCallbackPath } = settings({ basePath: '/auth/' })
    assert.deepEqual(
      [basePath, callbackPath, logoutCallbackPath],
      ['/auth', '/auth/callback', '/auth/logout-callback'],
    )
    const root = settings({ basePath: '/', callbackPath: '/signin-oidc' })
    assert.deepEqual([root.basePath, root.callbackPath], ['', '/signin-oidc'])
    assert.equal(root.logoutCallbackPath, '/logout-callback')
  })

  test('a short idle time brings its touches with it', () => {
    assert.equal(settings({ session: { idle: '60s' } }).session.touchEverySeconds, 30)
  })

  test('hooks and token functions arrive as they were written', () => {
    const token = async () => 'made by hand'
    const claims = () => ({ sub: 'changed' })
    const { remotes, hooks } = settings(
      defineConfig({ claims, remotes: { api: { target, token } } }),
    )
    assert.equal(remotes.api?.token, token)
    assert.deepEqual(hooks, { claims })
  })

  test('A11: a JSON file may begin with a byte order mark', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
    context.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'bff.json')
    writeFileSync(file, '\uFEFF{ "basePath": "/auth" }')
    const loaded = loadSettings({ env: { ...env, BFF_CONFIG_FILE: file } })
    assert.ok(loaded.ok)
    assert.equal(loaded.settings.basePath, '/auth')
  })

  test('a JSON file takes the place of the configuration, and is checked alike', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
    context.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'bff.json')
    const load = (text: string) => {
      writeFileSync(file, text)
      return loadSettings({ env: { ...env, BFF_CONFIG_FILE: file }, config: { basePath: '/x' } })
    }
    const loaded = load(
      '{ "basePath": "/auth", "remotes": { "api": { "target": "https://a.b" } } }',
    )
    assert.ok(loaded.ok)
    assert.deepEqual(
      [loaded.settings.basePath, loaded.settings.remotes.api?.target],
      ['/auth', 'https://a.b'],
    )
    for (const [text, says] of [
      ['{ nope', /BFF_CONFIG_FILE names .* no JSON/],
      ['[]', /the configuration .* an object/],
      ['{ "remoets": {} }', /remoets is not a setting: write remotes/],
      ['{ "__proto__": { "remotes": {} } }', /__proto__ is not a setting/],
      ['{ "claims": "x" }', /claims is no function/],
    ] as const) {
      const refusal = load(text)
      assert.ok(!refusal.ok, text)
      assert.match(describeProblems(refusal.problems), says)
    }
  })
})
