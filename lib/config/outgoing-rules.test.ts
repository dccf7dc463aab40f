import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { selfSigned } from '../../test/support/self-signed.ts'
import type { Config } from './define-config.ts'
import type { Environment } from './env.ts'
import { loadSettings } from './load-settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'cloakroom-tls-'))
after(() => rmSync(directory, { recursive: true }))

function fileOf(name: string, content: string): string {
  const file = join(directory, name)
  writeFileSync(file, content)
  return file
}

const pair = await selfSigned()
const certFile = fileOf('cert.pem', pair.cert)
const keyFile = fileOf('key.pem', pair.key)
const strangeKey = fileOf('strange.pem', (await selfSigned()).key)
const nothing = join(directory, 'nothing.pem')
const tls = { certFile, keyFile }
const target = 'https://api.example.com'

const load = (env: Environment, config: Config = {}) =>
  loadSettings({
    config,
    env: {
      OIDC_ISSUER: 'https://login.example.com/',
      OIDC_CLIENT_ID: 'app',
      OIDC_CLIENT_SECRET: 'one-that-the-provider-gave',
      BFF_BASE_URL: 'https://app.example.com',
      BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
      ...env,
    },
  })

describe('the way out', () => {
  const broken: [title: string, env: Environment, config: Config, setting: string, says: RegExp][] =
    [
      ['a SOCKS proxy', { HTTPS_PROXY: 'socks5://p:1' }, {}, 'HTTPS_PROXY', /http:\/\/host:port/],
      ['a proxy that is none', { HTTPS_PROXY: 'http://' }, {}, 'HTTPS_PROXY', /no http/],
      ['a broken password', { HTTPS_PROXY: 'http://a:%@p:1' }, {}, 'HTTPS_PROXY', /%25/],
      ['a CA file that is not there', { BFF_CA_FILE: nothing }, {}, 'BFF_CA_FILE', /nothing.pem/],
      ['a CA file with a key', { BFF_CA_FILE: keyFile }, {}, 'BFF_CA_FILE', /no certificates/],
      [
        'a CA file that is broken',
        { BFF_CA_FILE: fileOf('broken.pem', pair.cert.replace('MII', 'XXX')) },
        {},
        'BFF_CA_FILE',
        /no certificates/,
      ],
      [
        'half a pair',
        {},
        { remotes: { a: { target, tls: { certFile } as never } } },
        'remotes.a.tls.keyFile',
        /./,
      ],
      [
        'a key of another',
        {},
        { oidc: { tls: { certFile, keyFile: strangeKey } } },
        'oidc.tls',
        /pair/,
      ],
      [
        'files that are not there',
        {},
        { oidc: { tls: { certFile: nothing, keyFile } } },
        'oidc.tls.certFile',
        /cannot be read/,
      ],
      [
        'a certificate for http',
        {},
        { remotes: { a: { target: 'http://a.test', tls } } },
        'remotes.a.tls',
        /https target/,
      ],
      [
        'tls_client_auth without',
        { OIDC_CLIENT_SECRET: '' },
        { oidc: { authMethod: 'tls_client_auth' } },
        'oidc.authMethod',
        /set oidc.tls/,
      ],
      [
        'tls_client_auth and a secret',
        {},
        { oidc: { authMethod: 'tls_client_auth', tls } },
        'OIDC_CLIENT_SECRET',
        /one of the two/,
      ],
      [
        'tls_client_auth, and a secret method for its machine client',
        { OIDC_CLIENT_SECRET: '' },
        {
          oidc: { authMethod: 'tls_client_auth', tls },
          clients: { m: { authMethod: 'client_secret_post' } },
        },
        'clients.m.authMethod',
        /does not fit/,
      ],
    ]
  for (const [title, env, config, setting, says] of broken) {
    test(`A10: ${title} is refused`, () => {
      const loaded = load(env, config)
      assert.ok(!loaded.ok)
      const found = loaded.problems.filter((each) => each.setting === setting)
      assert.equal(found.length, 1, JSON.stringify(loaded.problems))
      assert.match(`${found[0]?.problem}: ${found[0]?.fix}`, says)
    })
  }

  test('A10: is read from the environment, by both spellings, and HTTP_PROXY is not', () => {
    const outgoingOf = (env: Environment) => {
      const loaded = load(env)
      assert.ok(loaded.ok, JSON.stringify(loaded))
      return loaded.settings.outgoing
    }
    assert.deepEqual(outgoingOf({ HTTP_PROXY: 'http://p:1', ALL_PROXY: 'http://p:1' }), {})
    assert.deepEqual(outgoingOf({ HTTPS_PROXY: 'p.test:3128' }), {
      proxy: { url: 'http://p.test:3128/', noProxy: '' },
    })
    assert.deepEqual(
      outgoingOf({
        ...{ HTTPS_PROXY: 'http://upper:1', https_proxy: 'https://a:b@lower', NO_PROXY: 'x' },
        ...{ no_proxy: 'y', BFF_CA_FILE: certFile },
      }),
      { proxy: { url: 'https://a:b@lower/', noProxy: 'y' }, ca: pair.cert },
    )
  })

  test('A10: tls_client_auth needs a certificate and nothing else', () => {
    const loaded = load(
      { OIDC_CLIENT_SECRET: '' },
      { oidc: { authMethod: 'tls_client_auth', tls }, clients: { m: {} } },
    )
    assert.ok(loaded.ok, JSON.stringify(loaded))
    assert.deepEqual(loaded.settings.oidc.auth, { method: 'tls_client_auth' })
    assert.deepEqual(loaded.settings.oidc.tls, pair)
    assert.deepEqual(loaded.settings.clients.m?.auth, { method: 'tls_client_auth' })
  })
})
