import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, type TestContext, test } from 'node:test'
import { listen } from './support/app.ts'
import { appFolder, runCommand, startCommand, whenLive } from './support/command.ts'
import { freePort } from './support/free-port.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'

interface Told {
  ok: boolean
  checks: { id: string; status: string; message: string; fix?: string }[]
}

/** Not to be found in anything that is printed. */
const marked = {
  OIDC_CLIENT_SECRET: 'markedQ7mN4tR9wL3sB6yH1cF5gJ0dA',
  BFF_SECRET: 'markedp2VxQ7mN4tR9wL3sB6yH1cF5gJ',
}
let provider: ScriptedProvider
let apiOrigin: string
const api = createServer((_, response) => response.writeHead(401).end())

before(async () => {
  provider = await startScriptedProvider({
    clientId: 'app',
    clientSecret: marked.OIDC_CLIENT_SECRET,
  })
  apiOrigin = await listen(api)
})
after(async () => {
  api.close()
  await provider.close()
})

async function examine(t: TestContext, env: Record<string, string> = {}, config: object = {}) {
  const folder = appFolder({
    'bff.config.json': JSON.stringify({ remotes: { things: { target: apiOrigin } }, ...config }),
  })
  t.after(() => folder.remove())
  const settings = {
    ...marked,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: 'app',
    BFF_BASE_URL: `http://localhost:${await freePort()}`,
    BFF_SQLITE_FILE: 'sessions.db',
    ...env,
  }
  const { code, stdout, stderr } = await runCommand(['doctor', '--json'], {
    cwd: folder.path,
    env: settings,
  })
  for (const secret of ['marked', 'pass-w0rd']) assert.ok(!`${stdout}${stderr}`.includes(secret))
  const told = JSON.parse(stdout) as Told
  assert.equal(code, told.ok ? 0 : 1)
  return { ...told, failed: told.checks.filter(({ status }) => status === 'fail'), folder }
}
const clientChecks = ['credentials', 'redirect-uri', 'post-logout-uri', 'capabilities']
const find = ({ checks }: Told, id: string) => checks.find((check) => check.id === id)

describe('cloakroom doctor', () => {
  test('A49: each frontend is looked at, with its own client and APIs', async (t) => {
    const oidc = { clientId: 'nobody', secretEnv: 'BFF_SECRET' }
    const lost = { remotes: { lost: { target: 'http://127.0.0.1:1' } } }
    const told = await examine(t, {}, { frontends: { club: { path: '/club', oidc, ...lost } } })
    const failed = told.failed.map(({ id }) => id)
    assert.deepEqual(failed.toSorted(), [
      'frontends.club:credentials',
      'frontends.club:remote:lost',
    ])
    assert.equal(find(told, 'credentials')?.status, 'ok')
    assert.equal(find(told, 'frontends.club:issuer')?.status, 'ok')
  })

  test('A49: a healthy set-up is well, in every line', async (t) => {
    const folder = appFolder({
      'bff.config.json': JSON.stringify({ remotes: { things: { target: apiOrigin } } }),
    })
    t.after(() => folder.remove())
    const port = String(await freePort())
    const env = {
      ...marked,
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: 'app',
      BFF_BASE_URL: `http://localhost:${port}`,
      BFF_SQLITE_FILE: 'sessions.db',
      PORT: port,
    }
    const running = await startCommand(['serve'], { cwd: folder.path, env })
    t.after(() => running.kill('SIGKILL'))
    await whenLive(running)
    const { code, stdout, stderr } = await runCommand(['doctor'], { cwd: folder.path, env })
    assert.equal(code, 0, `${stdout}${stderr}`)
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(':')[0]),
      [
        ...['settings', 'secrets', 'store', 'remote', 'base-url', 'issuer', 'clock'],
        ...['credentials', 'redirect-uri', 'post-logout-uri', 'capabilities'],
      ].map((id) => `✔ ${id}`),
    )
    const db = new DatabaseSync(join(folder.path, 'sessions.db'))
    assert.equal(
      db.prepare('SELECT count(*) AS n FROM entries WHERE key LIKE ?').get('doctor:%')?.n,
      0,
    )
    db.close()
  })

  for (const [title, env, config, id, says] of [
    ['a setting that does not exist', {}, { sesion: {} }, 'settings', /sesion/],
    [
      'a secret that can be guessed',
      { BFF_SECRET: 'marked'.repeat(8) },
      {},
      'secrets',
      /BFF_SECRET/,
    ],
    [
      'a folder that cannot be written',
      { BFF_SQLITE_FILE: '/dev/null/x.db' },
      {},
      'store',
      /BFF_SQLITE_FILE/,
    ],
    [
      'a Redis that is not there',
      { BFF_STORE: 'redis', REDIS_URL: 'redis://:pass-w0rd@127.0.0.1:1' },
      {},
      'store',
      /redis does not answer/,
    ],
    [
      'a PostgreSQL that is not there',
      { BFF_STORE: 'postgres', DATABASE_URL: 'postgres://app:pass-w0rd@127.0.0.1:1/app' },
      {},
      'store',
      /postgres does not answer/,
    ],
    [
      'an API that is not there',
      {},
      { remotes: { things: { target: 'http://127.0.0.1:3' } } },
      'remote:things',
      /nothing listens there \(ECONNREFUSED\)/,
    ],
    [
      'an API of no name',
      {},
      { remotes: { things: { target: 'https://nowhere.invalid' } } },
      'remote:things',
      /nowhere\.invalid/,
    ],
    [
      'a provider that is not there',
      { OIDC_ISSUER: 'http://127.0.0.1:3' },
      {},
      'issuer',
      /nothing listens there/,
    ],
  ] as const) {
    test(`A49: ${title} is one failure with its fix`, async (t) => {
      const told = await examine(t, env, config)
      assert.deepEqual(
        told.failed.map((check) => check.id),
        [id],
        JSON.stringify(told.failed),
      )
      assert.match(told.failed[0]?.message ?? '', says)
      assert.ok((told.failed[0]?.fix ?? '').length > 10)
    })
  }

  test('A49: a configuration that cannot be read is one failure too, also as JSON', async (t) => {
    const folder = appFolder({ 'bff.config.mjs': 'export default {' })
    t.after(() => folder.remove())
    const { code, stdout } = await runCommand(['doctor', '--json'], { cwd: folder.path })
    assert.equal(code, 1)
    const { checks } = JSON.parse(stdout) as Told
    assert.deepEqual(
      checks.map(({ id, status }) => `${id} ${status}`),
      [
        'settings fail',
        ...['secrets', 'store', 'base-url', 'issuer', 'clock'].map((id) => `${id} skipped`),
        ...clientChecks.map((id) => `${id} skipped`),
      ],
    )
  })

  test('A61: what the provider knows of this client is looked at', async (t) => {
    const wrong = await examine(t, { OIDC_CLIENT_SECRET: 'markedanother9wL3sB6yH1cF5gJ0dA' })
    assert.deepEqual(
      wrong.failed.map(({ id }) => id),
      ['credentials'],
    )
    assert.match(wrong.failed[0]?.fix ?? '', /OIDC_CLIENT_SECRET/)

    t.after(() => provider.override('authorize'))
    provider.override('authorize', async ({ params }, usual) =>
      params.get('redirect_uri')?.endsWith('/bff/callback')
        ? { status: 400, body: 'redirect_uri' }
        : { ...(await usual()), status: 400, headers: {}, body: 'redirect_uri' },
    )
    const elsewhere = await examine(t)
    assert.deepEqual(
      elsewhere.failed.map(({ id }) => id),
      ['redirect-uri'],
    )
    assert.match(elsewhere.failed[0]?.message ?? '', /http:\/\/localhost:\d+\/bff\/callback/)
    provider.override('authorize')

    t.after(() => provider.override('endSession'))
    provider.override('endSession', () => ({ status: 400, body: 'post_logout_redirect_uri' }))
    const out = await examine(t)
    assert.deepEqual(
      out.failed.map(({ id }) => id),
      ['post-logout-uri'],
    )
  })

  test('A61: what the settings ask for and the provider does not list is a warning', async (t) => {
    const oidc = { scope: 'openid unheard-of', idTokenAlg: 'PS512' }
    const told = await examine(t, {}, { oidc })
    const found = find(told, 'capabilities')
    assert.equal(found?.status, 'warn')
    assert.match(found?.message ?? '', /unheard-of.*PS512/)
    assert.match(found?.fix ?? '', /OIDC_SCOPE.*RS256/)
  })

  test('A61: without the provider its client is not looked at', async (t) => {
    const told = await examine(t, { OIDC_ISSUER: 'http://127.0.0.1:3' })
    for (const id of clientChecks) assert.equal(find(told, id)?.status, 'skipped', id)
  })

  test('A49: what others say begins no line of its own', async (t) => {
    const odd = createServer((_, response) => {
      response.end(JSON.stringify({ issuer: 'https://x.example\n✔ credentials: \u001b[2J' }))
    })
    t.after(() => odd.close())
    const folder = appFolder({ 'bff.config.json': '{}' })
    t.after(() => folder.remove())
    const env = { ...marked, OIDC_ISSUER: await listen(odd), OIDC_CLIENT_ID: 'app' }
    const { stdout } = await runCommand(['doctor'], {
      cwd: folder.path,
      env: { ...env, BFF_BASE_URL: 'http://localhost:3', BFF_SQLITE_FILE: 'sessions.db' },
    })
    assert.match(stdout, /^✖ issuer: .*x\.example ✔ credentials/m)
    assert.doesNotMatch(stdout, /^✔ credentials/m)
    assert.ok(!stdout.includes('\u001b'))
  })

  test('A49: nothing at the public address is a warning, something else there a failure', async (t) => {
    assert.equal(find(await examine(t), 'base-url')?.status, 'warn')
    const other = createServer((_, response) => response.end('<h1>It works!</h1>'))
    t.after(() => other.close())
    const url = (await listen(other)).replace('127.0.0.1', 'localhost')
    assert.equal(find(await examine(t, { BFF_BASE_URL: url }), 'base-url')?.status, 'fail')
  })

  test('A49: a provider that moved, spells itself otherwise or lives in another time', async (t) => {
    let answer = (_: string): [number, Record<string, string>, string] => [200, {}, '{}']
    const odd = createServer((request, response) => {
      const [status, headers, body] = answer(request.url ?? '')
      response.writeHead(status, headers).end(body)
    })
    t.after(() => odd.close())
    const issuer = await listen(odd)
    answer = () => [301, { location: 'https://elsewhere.example/x?code=marked' }, '']
    const moved = find(await examine(t, { OIDC_ISSUER: issuer }), 'issuer')
    assert.match(moved?.message ?? '', /answers 301 and leads to https:\/\/elsewhere\.example\/x$/)
    answer = (url) =>
      url === '/moved' ? [200, {}, JSON.stringify({ issuer })] : [301, { location: '/moved' }, '']
    assert.equal(find(await examine(t, { OIDC_ISSUER: issuer }), 'issuer')?.status, 'ok')
    answer = () => [200, {}, JSON.stringify({ issuer: `${issuer}/realm` })]
    const other = find(await examine(t, { OIDC_ISSUER: issuer }), 'issuer')
    assert.match(other?.message ?? '', /is of the issuer \S+\/realm, and not of/)
    answer = () => [
      200,
      { date: new Date(Date.now() - 600_000).toUTCString() },
      JSON.stringify({ issuer }),
    ]
    const late = find(await examine(t, { OIDC_ISSUER: issuer }), 'clock')
    assert.equal(late?.status, 'warn')
    assert.match(late?.message ?? '', /this clock is (?:599|60[01]) s ahead of the provider's/)
  })
})
