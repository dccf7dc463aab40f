import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCookies, serializeCookie } from './cookies.ts'

test('reads every value of a name, in order', () => {
  assert.deepEqual(readCookies('a=1; b=2;a=3 ; c; =4; a=', 'a'), ['1', '3', ''])
  assert.deepEqual(readCookies(undefined, 'a'), [])
  assert.deepEqual(readCookies('aa=1; ba=2', 'a'), [])
})

test('keeps equals signs of the value', () => {
  assert.deepEqual(readCookies('a=b=c==', 'a'), ['b=c=='])
})

test('S1: every cookie is HttpOnly, Path=/ and without Domain, deletion too', () => {
  assert.equal(
    serializeCookie('__Host-x', 'v', { secure: true, sameSite: 'Strict' }),
    '__Host-x=v; Path=/; HttpOnly; SameSite=Strict; Secure',
  )
  assert.equal(
    serializeCookie('x', '', { secure: false, sameSite: 'Lax', maxAgeSeconds: 0 }),
    'x=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0',
  )
})

test('refuses a name or value that would break out of the header', () => {
  const options = { secure: true, sameSite: 'Lax' } as const
  assert.throws(() => serializeCookie('a b', 'v', options))
  for (const value of ['a;b', 'a\r\nb', 'a,b', 'a"b', 'a b', 'ä'])
    assert.throws(() => serializeCookie('a', value, options))
})
