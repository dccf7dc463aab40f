import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createClaimsPolicy } from './claims.ts'

const claims = {
  sub: 'alice',
  realm_access: { roles: ['admin', 'user'], none: null },
  resource_access: { 'my.app': { roles: ['editor'] } },
  'https://example.com/roles': ['reader'],
  'a.b': 'by its name',
  a: { b: 'by its path', length: 7 },
  groups: ['x'],
}

describe('S16: which claims are kept', () => {
  for (const [path, value] of [
    ['sub', 'alice'],
    ['realm_access.roles', ['admin', 'user']],
    ['realm_access.none', null],
    ['resource_access.my.app.roles', ['editor']],
    ['https://example.com/roles', ['reader']],
    ['a.b', 'by its name'],
    ['a.length', 7],
  ] as const) {
    test(`S16: ${path} is found`, async () => {
      const kept = await createClaimsPolicy({ allowed: [path] })({ claims, idToken: {} }, 'sign-in')
      assert.deepEqual(kept, { [path]: value })
    })
  }

  const absent = ['realm_access.groups', 'sub.length', 'groups.length', 'groups.0', 'a.', '.a', '.']
  const inherited = [
    'constructor',
    'a.constructor',
    'realm_access.__proto__',
    'toString.name',
    '__proto__',
    '__proto__.toString',
  ]
  for (const path of [...absent, ...inherited]) {
    test(`S16: there is no ${path}`, async () => {
      const kept = await createClaimsPolicy({ allowed: [path] })({ claims, idToken: {} }, 'sign-in')
      assert.deepEqual(kept, {})
    })
  }
})
