import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Config } from './define-config.ts'
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
const catalog = { clients: { catalog: {} } }

describe('A1: what a remote or a client may not say', () => {
  const rules: [title: string, config: unknown, setting: string, says: RegExp][] = [
    ['a remote without target', { remotes: { api: {} } }, 'remotes.api.target', /not set/],
    ['a target that is no URL', remote({ target: 'api' }), 'remotes.api.target', /https:\/\/host/],
    ['a target with query', remote({ target: `${target}?a=b` }), 'remotes.api.target', /query/],
    ['a target with userinfo', remote({ target: 'https://u@a' }), 'remotes.api.target', /the @/],
    [
      'a target with tricks',
      remote({ target: `${target}/a%2fb` }),
      'remotes.api.target',
      /simplify/,
    ],
    [
      'a target that is the proxy',
      remote({ target: 'https://app.example.com/api/remote/x' }),
      'remotes.api.target',
      /itself/,
    ],
    [
      'a target that is another remote',
      {
        remotes: {
          api: { target: 'https://app.example.com/todos/x' },
          todos: { target, path: '/todos' },
        },
      },
      'remotes.api.target',
      /itself/,
    ],
    ['a path without slash', remote({ path: 'todos' }), 'remotes.api.path', /begin it with/],
    ['a path with an escape', remote({ path: '/t%6fdos' }), 'remotes.api.path', /plain path/],
    ['a path with dots', remote({ path: '/a/../todos' }), 'remotes.api.path', /plain path/],
    ['a path with two slashes', remote({ path: '/a//b' }), 'remotes.api.path', /plain path/],
    ['a name with a slash', { remotes: { 'a/b': { target } } }, 'remotes.a/b', /fit into a URL/],
    ['a name of dots', { remotes: { '..': { target } } }, 'remotes...', /fit into a URL/],
    ['an unknown token kind', remote({ token: 'users' }), 'remotes.api.token', /user-or-client/],
    [
      'a machine token without client',
      remote({ token: 'client' }),
      'remotes.api.client',
      /declare/,
    ],
    [
      'a client that is not there',
      { ...catalog, ...remote({ token: 'client', client: 'catalogue' }) },
      'remotes.api.client',
      /one of clients: catalog/,
    ],
    [
      'a client for users',
      { ...catalog, ...remote({ client: 'catalog' }) },
      'remotes.api.client',
      /take/,
    ],
    [
      'scopes of a machine token',
      { ...catalog, ...remote({ token: 'client', client: 'catalog', scope: 'a' }) },
      'remotes.api.scope',
      /on the client/,
    ],
    [
      'an exchange of nothing',
      remote({ token: 'none', exchange: {} }),
      'remotes.api.exchange',
      /none/,
    ],
    [
      'an actor that is not there',
      remote({ exchange: { actor: 'robot' } }),
      'remotes.api.exchange.actor',
      /declare one/,
    ],
    ['a relative resource', remote({ resource: 'api' }), 'remotes.api.resource', /absolute URI/],
    ['bound tokens without keys', remote({ dpop: true }), 'remotes.api.dpop', /set oidc.dpop/],
    [
      'bound machine tokens without a key',
      { ...catalog, ...remote({ token: 'client', client: 'catalog', dpop: true }) },
      'remotes.api.dpop',
      /set clients.catalog.dpop/,
    ],
    [
      'bound tokens of nobody',
      remote({ token: 'none', dpop: true }),
      'remotes.api.dpop',
      /take it/,
    ],
    ['no methods at all', remote({ methods: [] }), 'remotes.api.methods', /leave it out/],
    ['CONNECT', remote({ methods: ['get', 'connect'] }), 'remotes.api.methods[1]', /never forward/],
    ['no timeout', remote({ timeout: 0 }), 'remotes.api.timeout', /at least/],
    ['a size that is none', remote({ maxBody: '10 MB' }), 'remotes.api.maxBody', /'10MB'/],
    ['any cookie', remote({ setCookie: ['*'] }), 'remotes.api.setCookie[0]', /one by one/],
    [
      'our own cookie',
      remote({ setCookie: ['ok', '__Host-Http-bff'] }),
      'remotes.api.setCookie[1]',
      /of Cloakroom itself/,
    ],
    [
      'an added Authorization',
      remote({ headers: { add: { Authorization: 'Bearer x' } } }),
      'remotes.api.headers.add.Authorization',
      /looks after/,
    ],
    [
      'an added hop-by-hop header',
      remote({ headers: { add: { 'Transfer-Encoding': 'chunked' } } }),
      'remotes.api.headers.add.Transfer-Encoding',
      /looks after/,
    ],
    [
      'a header with a line break',
      remote({ headers: { add: { 'x-a': 'b\r\nc: d' } } }),
      'remotes.api.headers.add.x-a',
      /visible ASCII/,
    ],
    [
      'a header twice',
      remote({ headers: { add: { 'X-A': '1', 'x-a': '2' } } }),
      'remotes.api.headers.add.x-a',
      /twice/,
    ],
    [
      'removing Host',
      remote({ headers: { remove: ['Host'] } }),
      'remotes.api.headers.remove[0]',
      /looks after/,
    ],
    [
      'http2 without TLS',
      remote({ target: 'http://api.internal', http2: true }),
      'remotes.api.http2',
      /https target/,
    ],
    [
      'an own machine parameter',
      { clients: { catalog: { parameters: { scope: 'a' } } } },
      'clients.catalog.parameters.scope',
      /take it out/,
    ],
    [
      'our secret for another server',
      { clients: { catalog: { tokenEndpoint: 'https://other.example/token' } } },
      'clients.catalog.tokenEndpoint',
      /credentials of its own/,
    ],
    [
      'a plain http token endpoint',
      { clients: { catalog: { tokenEndpoint: 'http://login.example.com/token' } } },
      'clients.catalog.tokenEndpoint',
      /plain http/,
    ],
    [
      'a client id without credentials',
      { clients: { catalog: { clientId: 'c' } } },
      'clients.catalog.clientId',
      /secretEnv, keyEnv or assertionFile/,
    ],
    [
      'credentials without client id',
      { clients: { catalog: { secretEnv: 'CATALOG_SECRET' } } },
      'clients.catalog.clientId',
      /set it/,
    ],
    [
      'a variable that is not set',
      { clients: { catalog: { clientId: 'c', secretEnv: 'NO_SUCH' } } },
      'clients.catalog.secretEnv',
      /names a variable that is not set/,
    ],
    [
      'a machine method without key',
      { clients: { catalog: { authMethod: 'private_key_jwt' } } },
      'clients.catalog.authMethod',
      /does not fit/,
    ],
  ]
  for (const [title, config, setting, says] of rules) {
    test(`refuses ${title}`, () => {
      const loaded = loadSettings({ env, config: config as Config })
      assert.ok(!loaded.ok)
      const [found, ...rest] = loaded.problems
      assert.equal(found?.setting, setting)
      assert.match(`${found?.problem}: ${found?.fix}`, says)
      assert.deepEqual(rest, [], 'one slip is one problem')
      assert.doesNotMatch(JSON.stringify(found), /NO_SUCH/)
    })
  }
})

describe('what a remote or a client means', () => {
  test('a remote is normalised, and what is left out stays absent', () => {
    const { api } = settings(
      remote({
        target: 'https://API.example.com:443/v1/',
        methods: ['get', 'Post', 'GET'],
        timeout: 0.25,
        maxBody: '2MB',
        headers: { add: { 'X-Api-Version': '2' }, remove: ['X-Debug'], expose: ['Total-Count'] },
      }),
    ).remotes
    assert.deepEqual(api, {
      name: 'api',
      path: '/api/remote/api',
      target: 'https://api.example.com/v1',
      token: 'user',
      methods: ['GET', 'POST'],
      idleTimeoutMs: 250,
      connectTimeoutMs: 5000,
      maxBodyBytes: 2_097_152,
      setCookie: [],
      cookies: [],
      cache: 'no-store',
      forwarded: 'all',
      scripts: false,
      headers: { add: { 'x-api-version': '2' }, remove: ['x-debug'], expose: ['total-count'] },
      dpop: false,
      http2: false,
      websocket: false,
    })
  })

  test('a plain http remote is accepted with a note', () => {
    const config = remote({ target: 'http://orders.internal:8080' })
    const loaded = loadSettings({ env, config })
    assert.ok(loaded.ok)
    assert.deepEqual(loaded.notes, ['remotes.api.target is plain http: tokens travel unencrypted.'])
    const local = loadSettings({ env, config: remote({ target: 'http://localhost:8080' }) })
    assert.deepEqual(local.ok && local.notes, [])
  })

  test('a machine client is the sign-in client unless it has credentials of its own', () => {
    const { clients } = settings({
      clients: {
        plain: { scope: 'a' },
        post: { authMethod: 'client_secret_post' },
        near: { tokenEndpoint: 'https://login.example.com/other/token' },
        own: { clientId: 'c', secretEnv: 'CATALOG_SECRET', tokenEndpoint: 'https://o.example/t' },
      },
    })
    const { OIDC_CLIENT_SECRET: ours, CATALOG_SECRET: theirs } = env
    assert.deepEqual(clients.plain?.auth, { method: 'client_secret', secret: ours })
    assert.deepEqual(clients.near?.auth, clients.plain?.auth)
    assert.deepEqual(clients.post?.auth, { method: 'client_secret_post', secret: ours })
    assert.deepEqual(clients.own?.auth, { method: 'client_secret', secret: theirs })
    assert.deepEqual([clients.plain?.clientId, clients.own?.clientId], ['app', 'c'])
  })

  test('no request finds a remote by the name of something built in', () => {
    const { remotes, clients } = settings({})
    for (const name of ['constructor', 'toString', '__proto__']) {
      assert.equal(remotes[name], undefined)
      assert.equal(clients[name], undefined)
    }
  })
})
