import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createReport } from './report.ts'
import { secrets, weaknessOf } from './secrets.ts'

const random = () => randomBytes(32).toString('base64')

test('random secrets of every usual spelling are accepted', () => {
  for (let round = 0; round < 500; round++) {
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      assert.equal(weaknessOf(randomBytes(32).toString(encoding)), undefined)
    }
    assert.equal(weaknessOf(randomBytes(16).toString('hex')), undefined)
  }
})

test('short, example and guessable values are refused', () => {
  const table: [string, RegExp][] = [
    ['tooshort', /shorter than 32/],
    ['x7Kp2mQ9vT4nB8wZ1cR6yH3jL5sD0f', /shorter than 32/],
    ['change-me-change-me-please-1234567890', /example/],
    ['my-very-long-secret-for-this-app-1', /example/],
    ['PASSWORD-x7Kp2mQ9vT4nB8wZ1cR6yH3j', /example/],
    ['a'.repeat(64), /guess/],
    ['x7Kp2mQ9'.repeat(5), /guess/],
    ['0123456789abcdefghijklmnopqrstuvwxyz', /guess/],
    ['zyxwvutsrqponmlkjihgfedcba9876543210', /guess/],
    ['aabbaabbababbaabbabaabbabbabaabbabab', /guess/],
  ]
  for (const [value, weakness] of table) assert.match(weaknessOf(value) ?? '', weakness, value)
})

test('several secrets are kept newest first, and each one is judged', () => {
  const [newest, older] = [random(), random()]
  const report = createReport()
  assert.deepEqual(secrets({ BFF_SECRET: ` ${newest}, ${older} ` }, report), [newest, older])
  assert.deepEqual(report.problems, [])
  secrets({ BFF_SECRET: `${newest},weak-one,${'b'.repeat(40)}` }, report)
  assert.deepEqual(
    report.problems.map(({ setting, problem }) => `${setting} ${problem}`),
    [
      'BFF_SECRET is shorter than 32 characters (value 2 of 3)',
      'BFF_SECRET is too easy to guess (value 3 of 3)',
    ],
  )
})

test('S2: a refused secret is not repeated in the message', () => {
  const report = createReport()
  secrets({ BFF_SECRET: 'hunter2-hunter2' }, report)
  assert.equal(report.problems.length, 1)
  assert.doesNotMatch(JSON.stringify(report.problems), /hunter2/)
})
