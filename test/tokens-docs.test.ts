import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { loadSettings } from '#lib/config/load-settings.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/tokens.md'), 'utf8')
const examples = [...page.matchAll(/\n## (.+?)\n|```ts\n([\s\S]+?)```/g)]
let heading = ''
const configurations = examples.flatMap(([, title, code = '']) => {
  if (title) heading = title
  return code.includes('export default') ? [{ heading, code }] : []
})

const env = {
  OIDC_ISSUER: 'https://op.example',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'a-secret-of-the-tests',
  BFF_BASE_URL: 'https://app.example',
  BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
  BFF_STORE: 'memory',
}

/** The examples are JavaScript as they stand, but for the import. */
async function configOf(code: string): Promise<Config> {
  const script = code.replace(/^import .+$/m, 'const defineConfig = (config) => config')
  return (await import(`data:text/javascript,${encodeURIComponent(script)}`)).default
}

describe('the configurations in docs/tokens.md', () => {
  test('are all looked at', () => {
    assert.equal(configurations.length, 5)
  })

  for (const { heading, code } of configurations) {
    test(`${heading}: is accepted as it stands`, async () => {
      const loaded = loadSettings({ env, config: await configOf(code) })
      assert.deepEqual(loaded.ok ? [] : loaded.problems, [])
    })
  }
})
