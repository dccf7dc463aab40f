import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { loadSettings } from '../../lib/config/load-settings.ts'
import { readDeclarations } from './declarations.ts'

const declarations = readDeclarations(join(import.meta.dirname, '../..'))

const env = {
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'one-that-the-provider-gave',
  BFF_BASE_URL: 'https://app.example.com',
  BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
}

interface Tree {
  [name: string]: unknown
}

/** Settings of a small configuration in which one name has a value. */
function settingsWith(name: string, value?: unknown) {
  const config: Tree = { remotes: { one: { target: 'https://a.example' } }, clients: { one: {} } }
  const path = name.replace('.*', '.one').split('.')
  const last = path.pop() ?? ''
  const owner = path.reduce((tree, key) => {
    tree[key] ??= {}
    return tree[key] as Tree
  }, config)
  if (value !== undefined) owner[last] = value
  return loadSettings({ env, config })
}

describe('the documentation of the configuration', () => {
  test('describes every setting', () => {
    for (const { name, meaning } of declarations) assert.match(meaning, /\w.*\.$/, name)
  })

  for (const { name, fallback } of declarations) {
    if (fallback === undefined) continue
    test(`tells the true default of ${name}`, () => {
      const literal: unknown = JSON.parse(fallback.replaceAll("'", '"').replace('<name>', 'one'))
      const bare = name === 'remotes' || name === 'clients' ? settingsWith(name, {}) : undefined
      const left = bare ?? settingsWith(name)
      assert.ok(left.ok)
      const named = settingsWith(name, literal)
      assert.ok(named.ok)
      // Whether a scope is set at all decides of `offline_access`; all else is the same.
      const { isScopeSet } = left.settings.oidc
      const oidc = { ...named.settings.oidc, isScopeSet }
      assert.deepEqual({ ...named, settings: { ...named.settings, oidc } }, left)
    })
  }
})
