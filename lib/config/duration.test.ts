import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationSeconds, parseDuration } from './duration.ts'

test('a duration is a number of seconds, or a number with a unit', () => {
  const table = { '90s': 90, '30m': 1800, '8h': 28_800, '7d': 604_800, '0.5s': 0.5, '1.5h': 5400 }
  for (const [text, seconds] of Object.entries(table)) {
    assert.equal(durationSeconds(text), seconds, text)
  }
  assert.equal(durationSeconds(45), 45)
})

test('what is no duration is refused, not guessed', () => {
  const table = [
    '90',
    '1w',
    '1h30m',
    ' 5m',
    '5M',
    '-5s',
    '',
    'm',
    -1,
    Number.NaN,
    Infinity,
    null,
    {},
  ]
  for (const value of table) assert.equal(durationSeconds(value), undefined, String(value))
})

test('a duration outside of its range says which end it missed', () => {
  const range = { from: '60s', to: '1h' } as const
  const problem = (value: unknown) => {
    const parsed = parseDuration(value, range)
    return parsed.ok ? 'none' : `${parsed.problem}: ${parsed.fix}`
  }
  assert.equal(problem('59s'), 'is too short: use at least 60s')
  assert.equal(problem('61m'), 'is too long: use at most 1h')
  assert.equal(problem('1m'), 'none')
  assert.equal(problem('1h'), 'none')
})
