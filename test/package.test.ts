import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { freePort } from './support/free-port.ts'
import { type PackedPackage, packPackage } from './support/packed-package.ts'

/** What each door exports that is no type. */
const doors: Readonly<Record<string, readonly string[]>> = {
  cloakroom: [
    'StoreFullError',
    'StoreUnavailableError',
    'TokenUnavailableError',
    'defineConfig',
    'openBff',
  ],
  'cloakroom/client': [
    'BffError',
    'SignInNeededError',
    'UnavailableError',
    'bff',
    'createBff',
    'createSessionWatch',
  ],
  'cloakroom/next': ['createNextBff', 'nextConfig'],
  'cloakroom/node': ['createCloakroom', 'serve'],
  'cloakroom/react': ['useSession'],
  'cloakroom/store-contract': ['describeKeyValue'],
  'cloakroom/testing': ['signIn'],
  'cloakroom/web': ['createWebBff'],
}

let packed: PackedPackage
const installed = (file: string) => readFileSync(join(packed.installed, file), 'utf8')
const manifest = () => JSON.parse(installed('package.json'))

before(async () => {
  packed = await packPackage({
    others: ['next', 'react', 'react-dom', '@types/react', '@types/node', 'csstype'],
  })
})
after(() => packed.remove())

describe('the packed package, installed', () => {
  test('A20: has the doors that are listed here, and no others', () => {
    const listed = Object.keys(doors).map((name) => name.replace('cloakroom', '.'))
    assert.deepEqual(Object.keys(manifest().exports), [...listed, './package.json'])
  })

  for (const [door, names] of Object.entries(doors)) {
    test(`A20: ${door} opens under plain Node`, async () => {
      const program = `console.log(JSON.stringify(Object.keys(await import('${door}'))))`
      assert.deepEqual(JSON.parse(await packed.node(['-e', program])), names)
    })
  }

  test('A20: every file of it can be loaded', async () => {
    packed.write('every-file.js', 'for (const file of process.argv.slice(2)) await import(file)')
    const ranByItself = /contract|command\/main/
    const files = packed.files.filter((file) => file.endsWith('.js') && !ranByItself.test(file))
    assert.ok(files.length > 30, `${files.length} files`)
    await packed.node(['every-file.js', ...files.map((file) => join(packed.installed, file))])
  })

  test('A20: brings its command', async () => {
    const { bin, version } = manifest()
    assert.deepEqual(Object.keys(bin), ['cloakroom'])
    assert.match(installed(bin.cloakroom), /^#!\/usr\/bin\/env node\n/)
    assert.equal(
      await packed.node([join(packed.installed, bin.cloakroom), '--version']),
      `${version}\n`,
    )
  })

  test('A20: its declarations say what a program may do', async () => {
    packed.write(
      'right.ts',
      `import { type Config, defineConfig, type KeyValue, openBff } from 'cloakroom'
      import { type Bff, bff } from 'cloakroom/client'
      import { createCloakroom } from 'cloakroom/node'
      import { useSession } from 'cloakroom/react'
      import { describeKeyValue } from 'cloakroom/store-contract'
      export const config: Config = defineConfig({ session: { idle: '30m' } })
      export const version: Promise<number | undefined> = openBff(config).then(
        async (engine) => (await engine.userFetch('id')('https://api.example.com')).status,
      )
      export const store: (it: KeyValue) => Promise<boolean> = (it) => it.delete('key')
      export const browser: Bff = bff
      export const own = createCloakroom(config).then(({ protect }) =>
        protect((_request, response, { sub, expiresIn }) => response.end(sub + expiresIn.toFixed())),
      )
      export const status: () => 'loading' | string = () => useSession().status
      describeKeyValue satisfies (title: string, ...rest: never[]) => void
      `,
    )
    packed.write(
      'wrong.ts',
      `import { defineConfig } from 'cloakroom'
      // @ts-expect-error
      defineConfig({ session: { idel: '30m' } })
      `,
    )
    const typescript = join(import.meta.dirname, '../node_modules/typescript/bin/tsc')
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--jsx', 'react-jsx']
    const output = await packed
      .node([typescript, ...options, '--types', 'node', 'right.ts', 'wrong.ts'])
      .catch((error: { stdout: string }) => error.stdout)
    assert.equal(output, '')
  })

  test('A21: serves from a program of a few lines, and says what is wrong with its settings', async () => {
    packed.write(
      'own-server.js',
      `import { createCloakroom } from 'cloakroom/node'
      const cloakroom = await createCloakroom({})
      const { address } = await cloakroom.listen()
      const { status } = await fetch(address + '/bff/health/live')
      console.log(JSON.stringify({ status, ...(await cloakroom.close()) }))`,
    )
    const env = {
      OIDC_ISSUER: 'http://localhost:1',
      OIDC_CLIENT_ID: 'app',
      OIDC_CLIENT_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
      BFF_BASE_URL: 'http://localhost:3000',
      BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
      BFF_STORE: 'memory',
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
    }
    const output = await packed.node(['own-server.js'], env)
    assert.deepEqual(JSON.parse(output.trim().split('\n').at(-1) ?? ''), {
      status: 200,
      forced: false,
    })
    const { OIDC_ISSUER: _, ...incomplete } = env
    await assert.rejects(packed.node(['own-server.js'], incomplete), /OIDC_ISSUER is not set/)
  })

  test('A20: holds compiled sources, declarations, maps and pages, and nothing of the house', () => {
    const kinds =
      /^(?:(?:lib|client)\/.+\.(?:js|d\.ts|js\.map)|docs\/[\w-]+\.md|licenses\/zod|[A-Z]+(?:\.md)?)$/
    const odd = packed.files.filter((file) => file !== 'package.json' && !kinds.test(file))
    assert.deepEqual(odd, [])
    assert.deepEqual(
      packed.files.filter((file) => file.includes('.test.')),
      [],
    )
    for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) {
      assert.ok(packed.files.includes(file), file)
    }
  })

  test('A20: depends on what it imports, and takes React from whoever has it', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta, engines } = manifest()
    const own = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
    for (const [name, version] of Object.entries(dependencies)) {
      assert.equal(version, own.dependencies[name])
    }
    assert.ok(Object.keys(dependencies).includes('undici'))
    assert.ok(!Object.keys(dependencies).some((name) => /^(next|react)/.test(name)))
    assert.deepEqual(Object.keys(peerDependencies), ['next', 'react'])
    assert.deepEqual(peerDependenciesMeta, { next: { optional: true }, react: { optional: true } })
    assert.deepEqual(engines, own.engines)
  })

  test('A20: no link of its pages leads to a file that is not there', () => {
    for (const page of packed.files.filter((file) => file.endsWith('.md'))) {
      for (const [, to = ''] of installed(page).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)) {
        const path = posix.join(posix.dirname(page), to)
        assert.ok(packed.files.includes(path), `${page} links to ${to}`)
      }
    }
  })
})
