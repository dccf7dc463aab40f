import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TabledMutant } from '../mutants/tables.ts'
import { checkMutants } from './mutants.ts'

const house = new Map([
  [
    'docs/conformance.md',
    '| L1 | signs in | `lib/a.ts` | `test/a.test.ts` "L1: signs in" |\n' +
      '| L2 | signs out | `lib/b.ts` | `test/b.test.ts` "L2: signs out" |',
  ],
  ['lib/a.ts', 'a() && b() && b()'],
  ['lib/b.ts', 'c()'],
])
const one: TabledMutant = {
  room: 'a',
  row: 'L1',
  file: 'lib/a.ts',
  from: 'a()',
  to: '',
  test: 'test/a.test.ts',
  title: 'L1: signs in',
}
const two: TabledMutant = {
  ...one,
  row: 'L2',
  file: 'lib/b.ts',
  from: 'c()',
  ...shownBy('b', 'L2'),
}

function shownBy(name: string, row: string) {
  return { test: `test/${name}.test.ts`, title: `${row}: signs out` }
}

const told = (...mutants: TabledMutant[]) => checkMutants(house, mutants).map((it) => it.message)

describe('Q1: tables of wrong changes', () => {
  test('Q1: each promise has one that is its own', () => {
    assert.deepEqual(told(one, two), [])
    assert.match(told(one).join('\n'), /^promises L2, of which .* has no wrong change$/)
  })

  const refused: [title: string, change: Partial<TabledMutant>, says: RegExp][] = [
    ['a row that is not there', { row: 'L3' }, /^has a change for L3 which is no row of/],
    ['a file of another row', { file: 'lib/b.ts', from: 'c()' }, /does not hold it/],
    ['a test of another row', { ...shownBy('b', 'L2'), to: 'd()' }, /does not show it/],
    ['a text that is not there', { from: 'z()' }, /stands 0 times/],
    ['a text that is there twice', { from: 'b()' }, /stands 2 times/],
    ['no change', { to: 'a()' }, /changes nothing/],
    ['the same one twice', {}, /twice/],
  ]
  for (const [title, change, says] of refused) {
    test(`Q1: refuses ${title}`, () => {
      const [message = '', ...rest] = told(one, two, { ...one, ...change })
      assert.match(message, says)
      assert.deepEqual(rest, [])
    })
  }
})
