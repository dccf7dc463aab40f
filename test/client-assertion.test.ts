import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { loadSettings } from '#lib/config/load-settings.ts'
import { startApp } from './support/app.ts'

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

function fileOf(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'assertion-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'token')
  const write = (text: string) => writeFileSync(path, text)
  write('one.two.three\n')
  return { path, write, remove: () => rmSync(path) }
}

async function start(t: TestContext, path: string) {
  const app = await startApp({
    env: { OIDC_CLIENT_SECRET: '', OIDC_CLIENT_ASSERTION_FILE: path },
    config: {
      oidc: { par: true },
      clients: {
        shared: {},
        own: { clientId: 'worker', assertionFile: path, scope: 'own' },
      },
      remotes: {
        api: { target: 'http://127.0.0.1:1' },
        shared: { target: 'http://127.0.0.1:1', token: 'client', client: 'shared' },
        own: { target: 'http://127.0.0.1:1', token: 'client', client: 'own' },
      },
    },
  })
  t.after(() => app.close())
  const shown: string[] = []
  for (const name of ['token', 'par', 'revocation'] as const) {
    app.provider.override(name, ({ params, headers }, usual) => {
      const says = (it: string) => params.get(it)
      const isRight = says('client_assertion_type') === jwtBearer && !headers.authorization
      shown.push(`${says('client_id')} ${isRight} ${says('client_assertion')}`)
      // The scripted provider knows its client by the secret.
      params.set('client_id', app.provider.clientId)
      params.set('client_secret', app.provider.clientSecret)
      return usual()
    })
  }
  return { app, shown }
}

describe('a client assertion that the platform keeps in a file', () => {
  test('L36: is shown to every endpoint, by every client that has it, as it is at the time', async (t) => {
    const file = fileOf(t)
    const { app, shown } = await start(t, file.path)
    const browser = app.browser()
    await browser.signInHere()
    assert.deepEqual(new Set(shown.splice(0)), new Set(['cloakroom-test true one.two.three']))
    file.write('four.five.six')
    app.advance(301_000)
    for (const name of ['api', 'shared', 'own']) await browser.call(`/api/remote/${name}/x`)
    const user = await browser.user()
    await browser.send(`${app.origin}${user?.['bff:logout_url']}`)
    await app.host.close(1000)
    assert.ok(app.provider.counters.revocation > 0)
    assert.deepEqual(
      new Set(shown),
      new Set(['cloakroom-test true four.five.six', 'worker true four.five.six']),
    )
  })

  test('L36: one that is gone costs no session, and is named', async (t) => {
    const file = fileOf(t)
    const { app, shown } = await start(t, file.path)
    const browser = app.browser()
    await browser.signInHere()
    shown.length = 0
    for (const lose of [file.remove, () => file.write('half a token')]) {
      lose()
      app.advance(301_000)
      assert.equal((await browser.call('/api/remote/api/x')).status, 503)
    }
    assert.equal((await browser.user())?.sub, 'alice')
    assert.deepEqual(shown, [])
    const told = app.log.events
      .filter(({ event }) => event === 'token.refresh.misconfigured')
      .map(({ fields }) => String((fields as { cause?: unknown }).cause))
    assert.match(
      told[0] ?? '',
      /OIDC_CLIENT_ASSERTION_FILE names \S+token, which cannot be read \(ENOENT\)/,
    )
    assert.match(told[1] ?? '', /holds no JWT/)
    assert.ok(!told.join().includes('half'))
    file.write('seven.eight.nine')
    app.advance(301_000)
    assert.notEqual((await browser.call('/api/remote/api/x')).status, 503)
  })

  const refused: [string, Record<string, string>, Config, RegExp][] = [
    ['no file', { OIDC_CLIENT_ASSERTION_FILE: '/nowhere' }, {}, /_FILE.*cannot be read \(ENOENT\)/],
    ['a folder', { OIDC_CLIENT_ASSERTION_FILE: tmpdir() }, {}, /_FILE.*cannot be read \(EISDIR\)/],
    ['no JWT', { OIDC_CLIENT_ASSERTION_FILE: import.meta.filename }, {}, /_FILE.*holds no JWT/],
    [
      'a secret too',
      { OIDC_CLIENT_SECRET: 'a-secret' },
      {},
      /OIDC_CLIENT_SECRET is set, and .*_FILE too/,
    ],
    [
      'a method too',
      { OIDC_AUTH_METHOD: 'private_key_jwt' },
      {},
      /_METHOD is private_key_jwt, and .*_FILE is/,
    ],
    [
      'none of a client',
      {},
      { clients: { a: { clientId: 'a', assertionFile: '/no' } } },
      /clients\.a\.assertionFile names/,
    ],
    [
      'without a client id',
      {},
      { clients: { a: { assertionFile: '/no' } } },
      /clients\.a\.clientId is not set/,
    ],
  ]
  for (const [title, env, config, message] of refused) {
    test(`L36: ${title} stops the start`, (t) => {
      const loaded = loadSettings({
        env: {
          OIDC_ISSUER: 'https://login.example',
          OIDC_CLIENT_ID: 'app',
          OIDC_CLIENT_ASSERTION_FILE: fileOf(t).path,
          BFF_BASE_URL: 'https://app.example',
          BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
          ...env,
        },
        config,
      })
      const told = loaded.ok ? [] : loaded.problems.map((it) => Object.values(it).join(' '))
      assert.match(told.join('\n'), message)
    })
  }
})
