import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { redact, redactMessage } from './redaction.ts'

test('A3: what looks like a credential is taken out of any text', () => {
  const table: [string, string][] = [
    ['got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl back', 'got [redacted] back'],
    ['a JWE eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn.', 'a JWE [redacted].'],
    ['/cb?code=abc&state=xyz&a=b', '/cb?code=[redacted]&state=[redacted]&a=b'],
    ['refresh_token%3Dr-1', 'refresh_token%3D[redacted]'],
    ['{"a":1,"access_token":"x y","b":2}', '{"a":1,"access_token":[redacted]'],
    ['Cookie: a=b; c=d', 'Cookie: [redacted]'],
    ['Authorization: Basic YWJjOmRlZg==', 'Authorization: [redacted]'],
    ['sent Bearer abc.def-ghi', 'sent Bearer [redacted]'],
    ['__Host-Http-bff=Fe26.2*1*x; Path=/', '__Host-Http-bff=[redacted]; Path=/'],
    ['connecting to redis://me:pw@host:6379', 'connecting to redis://[redacted]@host:6379'],
  ]
  for (const [text, expected] of table) assert.equal(redact(text), expected)
})

test('L4: control characters cannot begin a new line, a colour or a reversed text', () => {
  assert.equal(redact('a\r\nb\u001b[31mc\u2028d\u202ee\u0000f'), 'a b [31mc d e f')
})

test('a text is cut to its longest length', () => {
  assert.equal(redact('ab '.repeat(1000), 10), 'ab ab ab a…')
})

test('messages lose random runs and keep words, constants, numbers and paths', () => {
  for (const encoding of ['base64url', 'hex', 'base64'] as const) {
    const token = randomBytes(32).toString(encoding)
    assert.doesNotMatch(
      redactMessage(`bad ${token} here`),
      new RegExp(token.slice(4, 12).replace(/\W/g, '.')),
    )
  }
  for (const text of [
    'unexpected "response" content-type',
    'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
    'connect ECONNREFUSED 127.0.0.1:4000',
    "ENOENT: no such file or directory, open '/var/lib/cloakroom/v2/sessions.db'",
    'https://login.example.com/realms/main/protocol/openid-connect/token',
  ]) {
    assert.equal(redactMessage(text), text)
  }
})
