import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSettings } from './load-settings.ts'

const env = {
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'one-that-the-provider-gave',
  BFF_BASE_URL: 'https://app.example.com',
  BFF_SECRET: 'q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
}
const target = 'https://api.example.com'

/** The settings that are refused, of two remotes. */
function refused(a: object, b: object = {}): string[] {
  const config = { remotes: { a: { target, ...a }, b: { target, ...b } } }
  const loaded = loadSettings({ env, config })
  return loaded.ok ? [] : loaded.problems.map(({ setting }) => setting)
}

test('P26: a cookie belongs to one remote, and none of ours to any', () => {
  for (const name of [
    ...['bff', 'BFF', 'bff-8080', 'bff-shop', 'bff-tx.1', 'bff-jar', 'bff.x'],
    ...['__Host-Http-bff', '__Host-bff-shop', '__Secure-bff', '__Http-bff-out', 'a b', '*', ''],
  ]) {
    assert.deepEqual(refused({ cookies: ['ok', name] }), ['remotes.a.cookies[1]'], name)
    assert.deepEqual(refused({ setCookie: ['ok', name] }), ['remotes.a.setCookie[1]'], name)
  }
  const [csrf, both] = [
    { cookies: ['x', 'csrf'] },
    ['remotes.a.cookies[1]', 'remotes.b.cookies[0]'],
  ]
  assert.deepEqual(refused(csrf, { cookies: ['csrf'] }), both)
  assert.deepEqual(refused(csrf, { setCookie: ['csrf'] }), ['remotes.a.cookies[1]'])
  assert.deepEqual(refused({ ...csrf, setCookie: ['csrf'] }, { cookies: ['Csrf', 'bffs'] }), [])
  assert.deepEqual(refused({ setCookie: ['theme'] }, { setCookie: ['theme'] }), [])
  const seven = ['1', '2', '3', '4', '5', '6', '7']
  assert.deepEqual(refused({ cookies: seven.slice(0, 4) }, { cookies: seven.slice(4) }), [
    'remotes',
  ])
  assert.deepEqual(refused({ cookies: seven.slice(1, 4) }, { cookies: seven.slice(4) }), [])
})

const six = ['1', '2', '3', '4', '5', '6']
for (const [what, names, cookieName, isFine] of [
  ['six of usual length', six.map((it) => it.padEnd(20, 'n')), 'bff', true],
  ['six long ones', six.map((it) => it.padEnd(40, 'n')), 'bff', false],
  ['three long ones', six.slice(3).map((it) => it.padEnd(80, 'n')), 'bff', true],
  ['a long one beside five', [...six.slice(1), 'n'.repeat(300)], 'bff', false],
  ['one that is very long', ['n'.repeat(900)], 'bff', false],
  [
    'six of usual length, and ours long',
    six.map((it) => it.padEnd(20, 'n')),
    's'.repeat(64),
    false,
  ],
  ['none, and ours long', [], 's'.repeat(64), true],
] as const) {
  test(`L27: what a sign-out has to delete fits into its head: ${what}`, () => {
    const config = { session: { cookieName }, remotes: { a: { target, cookies: names } } }
    const loaded = loadSettings({ env, config })
    const found = loaded.ok ? [] : loaded.problems.map(({ setting }) => setting)
    assert.deepEqual(found, isFine ? [] : ['remotes'])
  })
}
