import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCipher } from './cipher.ts'

const secret = 'first-secret-of-the-tests-0123456789-abcdef'
const older = 'older-secret-of-the-tests-0123456789-abcdef'

test('S6: the stored value shows nothing of the text', async () => {
  const stored = await createCipher([secret], 'record').encrypt('session:a', 'refresh-token-1')
  const readable = stored
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
  assert.ok(![stored, ...readable].some((part) => part.includes('refresh-token-1')))
})

test('a value opens in its place, for its purpose and under its key only', async () => {
  const cipher = createCipher([secret], 'record')
  const stored = await cipher.encrypt('session:a', 'text')
  assert.deepEqual(await cipher.decrypt('session:a', stored), { text: 'text', outdated: false })
  assert.equal(await cipher.decrypt('session:b', stored), undefined)
  assert.equal(
    await createCipher([secret], 'machine-token').decrypt('session:a', stored),
    undefined,
  )
  assert.equal(await createCipher([older], 'record').decrypt('session:a', stored), undefined)
})

test('S5: a value under the second secret opens and is known to be outdated', async () => {
  const stored = await createCipher([older], 'record').encrypt('session:a', 'text')
  const rotated = createCipher([secret, older], 'record')
  assert.deepEqual(await rotated.decrypt('session:a', stored), { text: 'text', outdated: true })
})

test('S3: damaged values are nothing, and never an exception', async () => {
  const cipher = createCipher([secret], 'record')
  const stored = await cipher.encrypt('session:a', 'text')
  const damaged = [
    '',
    '.',
    'a.b.c.d.e',
    stored.slice(0, -2),
    `${stored}.x`,
    stored.replace('..', '.x.'),
  ]
  for (const value of damaged) assert.equal(await cipher.decrypt('session:a', value), undefined)
})
