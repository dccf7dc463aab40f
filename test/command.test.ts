import assert from 'node:assert/strict'
import { createPublicKey, type JsonWebKeyInput } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { loadSettings } from '#lib/config/load-settings.ts'
import { weaknessOf } from '#lib/config/secrets.ts'
import { appFolder, runCommand, startCommand, whenLive } from './support/command.ts'

const empty = appFolder()
after(() => empty.remove())
const run = (...args: string[]) => runCommand(args, { cwd: empty.path })

/** Everything that an app has to say of itself. */
const dotEnv = `OIDC_ISSUER=http://localhost:1
OIDC_CLIENT_ID=app
OIDC_CLIENT_SECRET=k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA
BFF_BASE_URL=http://localhost:3000
BFF_SECRET='k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA'
BFF_STORE=memory
BFF_DRAIN=0
`

describe('the command', () => {
  test('A35: tells what there is, and its version', async () => {
    const { code, stdout } = await run('--help')
    assert.equal(code, 0)
    for (const word of ['init', 'serve', 'doctor', 'secret'])
      assert.match(stdout, new RegExp(`cloakroom ${word}`))
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'),
    ) as { version: string }
    assert.equal((await run('--version')).stdout, `${version}\n`)
    assert.match((await run('serve', '--help')).stdout, /--config <file>/)
  })

  for (const [args, says] of [
    [[], /cloakroom serve/],
    [['serv'], /^cloakroom: serv is no command: write serve, if that is what you mean\.\n$/],
    [['constructor'], /^cloakroom: constructor is no command: init, serve, doctor, secret/],
    [['serve', '--confg', 'x'], /^cloakroom: --confg is no option: write --config, if [^\n]+\n$/],
    [['serve', '--config'], /^cloakroom: --config needs a value behind it\.\n$/],
    [['serve', 'dist'], /^cloakroom: "dist" means nothing here\.\n$/],
    [['secret', '--key', 'HS256'], /^cloakroom: --key takes ES256, [^\n]+\n$/],
  ] as const) {
    const typed = args.join(' ') || 'nothing'
    test(`A35: asked for wrongly, it says how: ${typed}`, async () => {
      const { code, stdout, stderr } = await run(...args)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, says)
    })
  }

  test('A36: a new secret is a line for .env that the settings take, and never the same', async () => {
    const [one, other] = await Promise.all([run('secret'), run('secret')])
    assert.match(one.stdout, /^BFF_SECRET=[\w-]{43}\n$/)
    assert.notEqual(one.stdout, other.stdout)
    assert.equal(weaknessOf(one.stdout.trim().slice('BFF_SECRET='.length)), undefined)
  })

  for (const alg of ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'PS256']) {
    test(`A36: the client’s key for ${alg} is one that the settings take`, async () => {
      const { code, stdout } = await run('secret', '--key', alg)
      assert.equal(code, 0)
      const [line = '', keys = '', ...rest] = stdout.split('\n')
      assert.deepEqual(rest, [''])
      const [, key = ''] = /^OIDC_CLIENT_KEY='(.+)'$/.exec(line) ?? []
      const env = {
        OIDC_ISSUER: 'https://login.example.com',
        OIDC_CLIENT_ID: 'app',
        BFF_BASE_URL: 'https://app.example.com',
        BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
        OIDC_CLIENT_KEY: key,
      }
      const loaded = loadSettings({ env })
      assert.ok(loaded.ok, JSON.stringify(loaded))
      const [jwk] = (JSON.parse(keys) as { keys: (JsonWebKey & { kid?: string })[] }).keys
      assert.ok(jwk)
      for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi']) assert.ok(!(name in jwk), name)
      assert.equal(jwk.alg, alg)
      assert.equal(jwk.kid, (JSON.parse(key) as { kid?: string }).kid)
      createPublicKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput)
    })
  }
})

describe('cloakroom serve', () => {
  async function serve(
    t: TestContext,
    files: Record<string, string>,
    { args = [] as string[], env = {} as Record<string, string> } = {},
  ) {
    const folder = appFolder({ '.env': dotEnv, ...files })
    t.after(() => folder.remove())
    const running = await startCommand(['serve', ...args], { cwd: folder.path, env })
    t.after(() => running.kill('SIGKILL'))
    return running
  }
  const withBase = (basePath: string) => `export default { basePath: '${basePath}' }`
  test('A35: serves an app by its bff.config and its .env alone', async (t) => {
    const running = await serve(t, {
      'bff.config.ts': `const basePath: string = process.env.BASE ?? ''\nexport default { basePath }`,
      '.env': `${dotEnv}BASE=/own\n`,
    })
    await whenLive(running, '/own')
    running.kill()
    const { code, stdout } = await running.ended()
    assert.equal(code, 0)
    assert.match(stdout, /server\.stopped/)
  })

  test('A35: without a configuration the environment is enough', async (t) => {
    const running = await serve(t, {})
    await whenLive(running)
  })

  for (const [file, text] of [
    ['bff.config.json', '{ "basePath": "/own" }'],
    ['bff.config.mjs', withBase('/own')],
    ['bff.config.mts', withBase('/own')],
  ] as const) {
    test(`A35: reads ${file}`, async (t) => {
      await whenLive(await serve(t, { [file]: text }), '/own')
    })
  }

  test('A35: --config goes before BFF_CONFIG_FILE, and that before bff.config', async (t) => {
    const files = {
      'bff.config.mjs': withBase('/third'),
      'second.json': '{ "basePath": "/second" }',
      'first.mjs': withBase('/first'),
    }
    const env = { BFF_CONFIG_FILE: 'second.json' }
    const args = ['--config', 'first.mjs']
    await whenLive(await serve(t, files, { args, env }), '/first')
    await whenLive(await serve(t, files, { env }), '/second')
    const named = { BFF_CONFIG_FILE: 'first.mjs' }
    await whenLive(await serve(t, files, { env: named }), '/first')
  })

  test('A35: variables that are set win over .env', async (t) => {
    const running = await serve(t, {}, { env: { BFF_BASE_URL: 'not an address' } })
    const { code, stderr } = await running.ended()
    assert.equal(code, 1)
    assert.match(stderr, /BFF_BASE_URL/)
  })

  test('A35: several processes by BFF_WORKERS, ended together', async (t) => {
    const env = { BFF_WORKERS: '2', BFF_STORE: 'sqlite', BFF_SQLITE_FILE: 'sessions.db' }
    const running = await serve(t, {}, { env })
    await whenLive(running)
    running.kill()
    assert.equal((await running.ended()).code, 0)
  })
})
