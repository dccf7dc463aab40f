import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { loadSettings } from '#lib/config/load-settings.ts'
import { type AppFolder, appFolder, runCommand, startCommand, whenLive } from './support/command.ts'

const manifests = {
  next: { dependencies: { next: '16', react: '19' } },
  vite: { type: 'module', devDependencies: { vite: '8' } },
  angular: { dependencies: { '@angular/core': '21' } },
  other: { name: 'plain' },
}

function folderOf(t: TestContext, kind: keyof typeof manifests, more: Record<string, string> = {}) {
  const folder = appFolder({ 'package.json': JSON.stringify(manifests[kind]), ...more })
  t.after(() => folder.remove())
  return folder
}
const init = (folder: AppFolder, ...args: string[]) =>
  runCommand(['init', ...args], { cwd: folder.path })
const read = (folder: AppFolder, file: string) => readFileSync(join(folder.path, file), 'utf8')

describe('cloakroom init', () => {
  for (const [kind, files] of [
    [
      'next',
      [
        'bff.ts',
        'app/bff/[...path]/route.ts',
        'app/api/remote/[...path]/route.ts',
        'instrumentation.ts',
      ],
    ],
    ['vite', []],
  ] as const) {
    test(`A48: writes what a ${kind} app lacks, and says what to register`, async (t) => {
      const folder = folderOf(t, kind, { 'tsconfig.json': '{}' })
      const { code, stdout } = await init(folder)
      assert.equal(code, 0)
      for (const file of ['bff.config.ts', '.env', ...files]) {
        assert.ok(existsSync(join(folder.path, file)), file)
        assert.ok(stdout.includes(`wrote ${file}\n`), stdout)
      }
      assert.match(stdout, /http:\/\/localhost:3000\/bff\/callback\n/)
      assert.match(stdout, /http:\/\/localhost:3000\/bff\/logout-callback\n/)
      assert.equal(statSync(join(folder.path, '.env')).mode & 0o777, 0o600)
    })
  }

  test('A48: never writes over anything, however it is spelled', async (t) => {
    const kept = {
      '.env': 'MINE=1\n',
      'bff.config.mjs': 'export default {}\n',
      'instrumentation.js': '// mine\n',
    }
    const folder = folderOf(t, 'next', { ...kept, 'tsconfig.json': '{}' })
    const { stdout } = await init(folder)
    for (const [file, text] of Object.entries(kept)) {
      assert.equal(read(folder, file), text)
      assert.ok(stdout.includes(`left  ${file}, which is there`), stdout)
    }
    assert.ok(!existsSync(join(folder.path, 'bff.config.ts')))
    const before = read(folder, 'bff.ts')
    await init(folder)
    assert.equal(read(folder, 'bff.ts'), before)
  })

  test('A48: a rehearsal writes nothing, and makes no secret', async (t) => {
    const folder = folderOf(t, 'next', { '.gitignore': 'node_modules' })
    const { code, stdout } = await init(folder, '--dry-run')
    assert.equal(code, 0)
    assert.match(stdout, /would write bff\.js\n/)
    assert.equal(read(folder, '.gitignore'), 'node_modules')
    for (const file of ['.env', 'bff.js', 'app']) assert.ok(!existsSync(join(folder.path, file)))
  })

  test('A48: the secret does not get into version control', async (t) => {
    for (const [before, after] of [
      ['node_modules', 'node_modules\n.env\n'],
      ['node_modules\r\ndist\r\n', 'node_modules\r\ndist\r\n.env\r\n'],
      ['', '.env\n'],
      ['/.env\n', '/.env\n'],
      ['.env*\n', '.env*\n'],
      [undefined, '.env\n'],
    ] as const) {
      const folder = folderOf(t, 'other', before === undefined ? {} : { '.gitignore': before })
      await init(folder)
      assert.equal(read(folder, '.gitignore'), after)
    }
  })

  test('A48: nor does that of an app in a repository, whose line may stand above', async (t) => {
    for (const [above, isWritten] of [
      ['.env', false],
      ['/.env', true],
      ['dist', true],
    ] as const) {
      const folder = folderOf(t, 'other', { '.gitignore': `${above}\n` })
      mkdirSync(join(folder.path, '.git'))
      mkdirSync(join(folder.path, 'apps/web'), { recursive: true })
      folder.write('apps/web/package.json', '{}')
      await runCommand(['init'], { cwd: join(folder.path, 'apps/web') })
      assert.equal(existsSync(join(folder.path, 'apps/web/.gitignore')), isWritten, above)
    }
  })

  test('A48: an app below src/, and an existing proxy, are seen', async (t) => {
    const folder = folderOf(t, 'next', { 'tsconfig.json': '{}' })
    mkdirSync(join(folder.path, 'src/app'), { recursive: true })
    folder.write('src/proxy.ts', '// mine\n')
    const { stdout } = await init(folder)
    assert.match(read(folder, 'src/bff.ts'), /from '\.\.\/bff\.config'/)
    assert.match(read(folder, 'src/app/bff/[...path]/route.ts'), /from '\.\.\/\.\.\/\.\.\/bff'/)
    assert.match(stdout, /in src\/proxy\.ts:/)
  })

  for (const kind of ['vite', 'other', 'angular'] as const) {
    test(`A48: what it wrote for ${kind} is served, once the provider is filled in`, async (t) => {
      const folder = folderOf(t, kind, {
        'angular.json': '{ "projects": { "shop": {} } }',
        // The folder has no packages of its own: what the configuration imports is beside it.
        'cloakroom.mjs': 'export const defineConfig = (config) => config\n',
      })
      await init(folder)
      const file = kind === 'vite' ? 'bff.config.js' : 'bff.config.mjs'
      const text = read(folder, file).replace("'cloakroom'", "'./cloakroom.mjs'")
      folder.write(file, text)
      const dir = /dir: '([^']+)'/.exec(text)?.[1] ?? ''
      assert.equal(dir, { vite: 'dist', other: 'public', angular: 'dist/shop/browser' }[kind])
      mkdirSync(join(folder.path, dir), { recursive: true })
      folder.write(join(dir, 'index.html'), '<title>Mine</title>')
      const env = { OIDC_ISSUER: 'http://localhost:1', OIDC_CLIENT_ID: 'app', BFF_STORE: 'memory' }
      const secret = { OIDC_CLIENT_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA' }
      const running = await startCommand(['serve'], {
        cwd: folder.path,
        env: { ...env, ...secret },
      })
      t.after(() => running.kill('SIGKILL'))
      await whenLive(running)
      const page = await fetch(running.origin.replace('127.0.0.1', 'localhost'))
      assert.match(await page.text(), /<title>Mine</)
    })
  }

  test('A48: the secret that it makes is one that the settings take, and new each time', async (t) => {
    const secretIn = (folder: AppFolder) =>
      /^BFF_SECRET=(.+)$/m.exec(read(folder, '.env'))?.[1] ?? ''
    const [one, other] = [folderOf(t, 'other'), folderOf(t, 'other')]
    await Promise.all([init(one), init(other)])
    assert.notEqual(secretIn(one), secretIn(other))
    const loaded = loadSettings({ env: { BFF_SECRET: secretIn(one) } })
    assert.ok(!loaded.ok)
    assert.ok(!loaded.problems.some(({ setting }) => setting === 'BFF_SECRET'))
  })

  test('A48: what it cannot read or write is one sentence', async (t) => {
    const broken = folderOf(t, 'other', { 'package.json': '{ nope' })
    const unread = await init(broken)
    assert.equal(unread.code, 1)
    assert.match(unread.stderr, /^cloakroom: \S+package\.json is no JSON: put it right first\.\n$/)
    const blocked = folderOf(t, 'next', {
      app: 'a file where a folder should be',
      'tsconfig.json': '{}',
    })
    chmodSync(join(blocked.path, 'app'), 0o444)
    const unwritten = await init(blocked)
    assert.equal(unwritten.code, 1)
    assert.match(
      unwritten.stderr,
      /^cloakroom: \S+ cannot be written \(\w+\): check who may write there\.\n$/,
    )
  })
})
