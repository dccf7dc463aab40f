import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdsToken } from './look-for-tokens.ts'

const jwt = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl`

test('the search of the page would find a token if there were one', () => {
  for (const text of [
    jwt,
    `token=${jwt}; theme=dark`,
    '{"access_token":"opaque"}',
    '{"refresh_token" : "opaque"}',
  ]) {
    assert.ok(holdsToken(text), text)
  }
})

test('the search does not take claims, keys or prose for a token', () => {
  for (const text of ['', '[{"type":"sub","value":"alice"}]', 'access_token', 'eyJ.eyJ.eyJ']) {
    assert.ok(!holdsToken(text), text)
  }
})
