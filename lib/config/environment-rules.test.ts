import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import type { Environment } from './env.ts'
import { loadSettings } from './load-settings.ts'

const valid: Environment = {
  OIDC_ISSUER: 'https://login.example.com/',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'one-that-the-provider-gave',
  BFF_BASE_URL: 'https://app.example.com',
  BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
}

function load(changes: Environment) {
  return loadSettings({ env: { ...valid, ...changes } })
}

function settings(changes: Environment = {}) {
  const loaded = load(changes)
  assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems))
  return loaded.settings
}

function notes(changes: Environment) {
  const loaded = load(changes)
  assert.ok(loaded.ok)
  return loaded.notes.join('\n')
}

const jwk = (options: object) => JSON.stringify({ ...privateJwk(), ...options })
function privateJwk() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
}
const smallRsa = JSON.stringify(
  generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' }),
)
const vercel = { VERCEL: '1', VERCEL_ENV: 'production', REDIS_URL: 'rediss://redis.example' }

describe('A1: what the environment may not say', () => {
  const rules: [title: string, changes: Environment, setting: string, says: RegExp][] = [
    ['no issuer', { OIDC_ISSUER: undefined }, 'OIDC_ISSUER', /not set/],
    ['an empty issuer', { OIDC_ISSUER: ' ' }, 'OIDC_ISSUER', /not set/],
    ['an issuer that is no URL', { OIDC_ISSUER: 'login' }, 'OIDC_ISSUER', /https:\/\/host/],
    [
      'a plain http issuer elsewhere',
      { OIDC_ISSUER: 'http://login.example.com' },
      'OIDC_ISSUER',
      /plain http: use https/,
    ],
    ['credentials', { OIDC_ISSUER: 'https://a:b@c.example' }, 'OIDC_ISSUER', /before the @/],
    ['a query', { OIDC_ISSUER: 'https://c.example/?a' }, 'OIDC_ISSUER', /query or fragment/],
    [
      'the discovery document',
      { OIDC_ISSUER: 'https://c.example/.well-known/openid-configuration' },
      'OIDC_ISSUER',
      /leave it at https:\/\/c.example$/,
    ],
    ['no client id', { OIDC_CLIENT_ID: undefined }, 'OIDC_CLIENT_ID', /not set/],
    ['no client secret', { OIDC_CLIENT_SECRET: undefined }, 'OIDC_CLIENT_SECRET', /CLIENT_KEY/],
    ['secret and key', { OIDC_CLIENT_KEY: jwk({}) }, 'OIDC_CLIENT_SECRET', /keep one/],
    ['a scope without openid', { OIDC_SCOPE: 'profile' }, 'OIDC_SCOPE', /put openid first/],
    [
      'no method',
      { OIDC_AUTH_METHOD: 'basic' },
      'OIDC_AUTH_METHOD',
      /use one of client_secret_basic/,
    ],
    [
      'a method that needs a key',
      { OIDC_AUTH_METHOD: 'private_key_jwt' },
      'OIDC_AUTH_METHOD',
      /set OIDC_CLIENT_KEY/,
    ],
    ['no base URL', { BFF_BASE_URL: undefined }, 'BFF_BASE_URL', /not set/],
    [
      'a base URL with a path',
      { BFF_BASE_URL: 'https://a.example/x' },
      'BFF_BASE_URL',
      /has a path/,
    ],
    ['workers that are no number', { BFF_WORKERS: 'two' }, 'BFF_WORKERS', /1 to 999/],
    [
      'workers without shared memory',
      { BFF_STORE: 'memory', BFF_WORKERS: '2' },
      'BFF_WORKERS',
      /sqlite or redis/,
    ],
    ['a plain http base URL', { BFF_BASE_URL: 'http://10.0.0.1' }, 'BFF_BASE_URL', /plain http/],
    [
      'a name that only looks like loopback',
      { BFF_BASE_URL: 'http://127.0.0.1.example.com' },
      'BFF_BASE_URL',
      /plain http/,
    ],
    ['no secret', { BFF_SECRET: undefined }, 'BFF_SECRET', /openssl rand/],
    ['an unknown store', { BFF_STORE: 'mysql' }, 'BFF_STORE', /memory, sqlite, redis, upstash/],
    ['redis without address', { BFF_STORE: 'redis' }, 'REDIS_URL', /not set/],
    ['an address of something else', { REDIS_URL: 'http://r.example' }, 'REDIS_URL', /rediss:/],
    ['a database that is no number', { REDIS_URL: 'redis://r/x' }, 'REDIS_URL', /database number/],
    [
      'a cluster that is no flag',
      { REDIS_URL: 'redis://a', REDIS_CLUSTER: 'yes' },
      'REDIS_CLUSTER',
      /true or false/,
    ],
    ['upstash without address', { BFF_STORE: 'upstash' }, 'UPSTASH_REDIS_REST_URL', /not set/],
    [
      'half of the Upstash pair',
      { UPSTASH_REDIS_REST_URL: 'https://u.example' },
      'UPSTASH_REDIS_REST_TOKEN',
      /set both/,
    ],
    ['half of the KV pair', { KV_REST_API_TOKEN: 't' }, 'KV_REST_API_URL', /set both/],
    ['memory on Vercel', { ...vercel, BFF_STORE: 'memory' }, 'BFF_STORE', /UPSTASH_REDIS_REST_URL/],
    ['sqlite on Vercel', { ...vercel, REDIS_URL: '' }, 'BFF_STORE', /or REDIS_URL/],
    ['a proxy that is no CIDR', { BFF_TRUST_PROXY: '10.0.0.0/33' }, 'BFF_TRUST_PROXY', /no CIDR/],
    ['a proxy by name', { BFF_TRUST_PROXY: '10.0.0.1, nginx' }, 'BFF_TRUST_PROXY', /"nginx"/],
    ['a port that is none', { PORT: '70000' }, 'PORT', /0 to 65535/],
    ['a host with a port', { HOST: '[::]/0' }, 'HOST', /without a port/],
    ['a socket without a path', { HOST: 'unix:' }, 'HOST', /no path of a Unix socket/],
    ['a socket by a relative path', { HOST: 'unix:app.sock' }, 'HOST', /unix:\/run/],
    ['a socket with a long path', { HOST: `unix:/${'a'.repeat(103)}` }, 'HOST', /103 bytes/],
    ['a wait that is no duration', { BFF_DRAIN: 'soon' }, 'BFF_DRAIN', /0 for none/],
    ['a wait of hours', { BFF_DRAIN: '1h' }, 'BFF_DRAIN', /at most 5m/],
    ['an unknown log level', { LOG_LEVEL: 'loud' }, 'LOG_LEVEL', /trace, debug, info/],
    ['a missing file', { BFF_CONFIG_FILE: '/no/such.json' }, 'BFF_CONFIG_FILE', /cannot be read/],
  ]
  for (const [title, changes, setting, says] of rules) {
    test(`refuses ${title}`, () => {
      const loaded = load(changes)
      assert.ok(!loaded.ok)
      const [found, ...rest] = loaded.problems
      assert.equal(found?.setting, setting)
      assert.match(`${found?.problem}: ${found?.fix}`, says)
      assert.deepEqual(rest, [], 'one slip is one problem')
    })
  }

  const keys: [string, string, RegExp][] = [
    ['is no JSON', '-----BEGIN PRIVATE KEY-----', /not a JWK/],
    ['is public', jwk({ d: undefined }), /public key/],
    ['is symmetric', '{"kty":"oct","k":"AAAA"}', /type that cannot sign/],
    ['is for encryption', jwk({ use: 'enc' }), /not for signing/],
    ['has an alg that does not fit', jwk({ alg: 'RS256' }), /use ES256/],
    ['is on a curve for exchange', jwk({ kty: 'OKP', crv: 'X25519' }), /curve/],
    ['is damaged', jwk({ d: 'AAAA' }), /cannot be read/],
    ['is small', smallRsa, /under 2048 bits/],
  ]
  for (const [title, key, says] of keys) {
    test(`refuses a client key that ${title}`, () => {
      const loaded = load({ OIDC_CLIENT_SECRET: undefined, OIDC_CLIENT_KEY: key })
      assert.ok(!loaded.ok)
      assert.equal(loaded.problems[0]?.setting, 'OIDC_CLIENT_KEY')
      assert.match(`${loaded.problems[0]?.problem}: ${loaded.problems[0]?.fix}`, says)
    })
  }
})

describe('A11: quotes that an env file left around a value', () => {
  const values = {
    ...{ OIDC_ISSUER: 'https://login.example.com/', OIDC_CLIENT_ID: 'app', PORT: '3000' },
    ...{ BFF_BASE_URL: 'https://app.example.com', LOG_LEVEL: 'info', BFF_STORE: 'memory' },
  }
  for (const [name, value] of Object.entries(values)) {
    test(`A11: ${name} in quotes is told once`, () => {
      for (const quoted of [`"${value}"`, `'${value}'`, ` "${value}" `]) {
        const loaded = load({ [name]: quoted })
        assert.ok(!loaded.ok)
        assert.deepEqual(
          loaded.problems.map(({ setting, problem }) => `${setting} ${problem}`),
          [`${name} has quotes around its value`],
        )
      }
    })
  }

  test('A11: a secret in quotes is used as it is, with a note that does not show it', () => {
    const changes = { OIDC_CLIENT_SECRET: '"kept"', MACHINE: "'kept'" }
    const clients = { m: { clientId: 'm', secretEnv: 'MACHINE' } }
    const loaded = loadSettings({ env: { ...valid, ...changes }, config: { clients } })
    assert.ok(loaded.ok)
    assert.deepEqual(loaded.settings.oidc.auth, {
      method: 'client_secret',
      secret: '"kept"',
    })
    assert.match(loaded.notes.join('\n'), /^OIDC_CLIENT_SECRET .* quotes(.|\n)*^MACHINE .* quotes/m)
    assert.doesNotMatch(loaded.notes.join('\n'), /kept/)
    for (const plain of ['it"s', '"', 'a "b"', '"a\'']) {
      assert.equal(notes({ OIDC_CLIENT_SECRET: plain }), '')
    }
  })
})

describe('what the environment means', () => {
  test('a client key makes the method private_key_jwt and has an alg', () => {
    const { auth } = settings({ OIDC_CLIENT_SECRET: undefined, OIDC_CLIENT_KEY: jwk({}) }).oidc
    assert.ok(auth.method === 'private_key_jwt')
    assert.equal(auth.key.alg, 'ES256')
  })

  test('plain http is accepted on loopback, in production too', () => {
    for (const host of ['localhost:3000', '127.0.0.1:3000', '127.8.9.1', '[::1]:3000']) {
      const origin = `http://${host}`
      const { publicOrigin, mode } = settings({ BFF_BASE_URL: `${origin}/`, OIDC_ISSUER: origin })
      assert.deepEqual([publicOrigin, mode], [origin, 'production'])
    }
  })

  test('the issuer stays as it is written, trailing slash and all', () => {
    assert.equal(settings().oidc.issuer, 'https://login.example.com/')
    assert.equal(
      settings({ OIDC_ISSUER: 'https://a.example/t' }).oidc.issuer,
      'https://a.example/t',
    )
  })

  test('the base URL is derived in development and on Vercel, and nowhere else', () => {
    const derived = (changes: Environment) =>
      settings({ ...changes, BFF_BASE_URL: undefined }).publicOrigin
    assert.equal(derived({ NODE_ENV: 'development', PORT: '8080' }), 'http://localhost:8080')
    const hosts = {
      ...vercel,
      VERCEL_PROJECT_PRODUCTION_URL: 'shop.example.com',
      VERCEL_BRANCH_URL: 'shop-git-next.vercel.app',
      VERCEL_URL: 'shop-1x2y3z.vercel.app',
    }
    assert.equal(derived(hosts), 'https://shop.example.com')
    const preview = { ...hosts, VERCEL_ENV: 'preview' }
    assert.equal(derived(preview), 'https://shop-git-next.vercel.app')
    assert.equal(derived({ ...preview, VERCEL_BRANCH_URL: '' }), 'https://shop-1x2y3z.vercel.app')
    assert.ok(!load({ BFF_BASE_URL: undefined, VERCEL_URL: 'shop-1x2y3z.vercel.app' }).ok)
  })

  test('the store is the first one whose variables are set', () => {
    const upstash = {
      UPSTASH_REDIS_REST_URL: 'https://u.example',
      UPSTASH_REDIS_REST_TOKEN: 'ut',
    }
    const marketplace = { KV_REST_API_URL: 'https://kv.example', KV_REST_API_TOKEN: 'kt' }
    const redis = { REDIS_URL: 'redis://localhost:6379/2' }
    assert.deepEqual(settings({ ...upstash, ...marketplace, ...redis }).store, {
      kind: 'upstash',
      url: 'https://u.example',
      token: 'ut',
    })
    assert.deepEqual(settings({ ...marketplace, ...redis }).store, {
      kind: 'upstash',
      url: 'https://kv.example',
      token: 'kt',
    })
    assert.deepEqual(settings(redis).store, {
      kind: 'redis',
      urls: [redis.REDIS_URL],
      cluster: false,
    })
    assert.deepEqual(settings().store, { kind: 'sqlite', file: '.data/cloakroom.db' })
    const chosen = { ...upstash, ...redis, BFF_STORE: 'sqlite', BFF_SQLITE_FILE: '/data/s.db' }
    assert.deepEqual(settings(chosen).store, { kind: 'sqlite', file: '/data/s.db' })
  })

  test('proxies are a list of addresses and CIDRs', () => {
    assert.deepEqual(settings({ BFF_TRUST_PROXY: '10.0.0.0/8, 192.0.2.7,fd00::/8' }).trustProxy, [
      '10.0.0.0/8',
      '192.0.2.7',
      'fd00::/8',
    ])
    assert.equal(settings({ BFF_TRUST_PROXY: 'vercel' }).trustProxy, 'vercel')
    assert.equal(settings().trustProxy, 'none')
  })

  test('only NODE_ENV=development is development, and it listens on loopback', () => {
    assert.deepEqual([settings().mode, settings().host], ['production', '0.0.0.0'])
    assert.equal(settings({ NODE_ENV: 'test' }).mode, 'production')
    const development = settings({ NODE_ENV: 'development' })
    assert.deepEqual([development.mode, development.host], ['development', '127.0.0.1'])
  })

  test('A1: what is risky but possible is noted', () => {
    assert.match(notes({ BFF_STORE: 'memory' }), /BFF_STORE is memory/)
    assert.match(notes({ BFF_TRUST_PROXY: '0.0.0.0/0' }), /forge forwarded headers/)
    assert.match(notes({ BFF_TRUST_PROXY: 'vercel' }), /not Vercel/)
    assert.match(notes(vercel), /set it to vercel/)
    assert.match(notes({ BFF_SECRETS: 'x' }), /BFF_SECRETS is not a setting.*BFF_SECRET/)
    const upstash = { UPSTASH_REDIS_REST_URL: 'http://u', UPSTASH_REDIS_REST_TOKEN: 't' }
    assert.match(notes(upstash), /UPSTASH_REDIS_REST_URL is plain http/)
    assert.equal(notes({}), '')
  })
})
