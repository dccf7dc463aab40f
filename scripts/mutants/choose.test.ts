import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseMutants, drawSample } from './choose.ts'
import type { TabledMutant } from './tables.ts'

const all: TabledMutant[] = ['S1', 'S2', 'T1', 'T2', 'T3', 'P1', 'P2', 'P3'].map((row) => ({
  row,
  room: { S: 'session', T: 'tokens', P: 'remote' }[row.charAt(0)] ?? '',
  file: 'lib/a.ts',
  from: 'a',
  to: 'b',
  test: 'test/a.test.ts',
  title: 'a',
}))
const rows = (mutants: readonly TabledMutant[]) => mutants.map(({ row }) => row)

test('Q1: rooms and rows are chosen by name, all of them without a word', () => {
  assert.deepEqual(chooseMutants(all, []).mutants, all)
  assert.deepEqual(rows(chooseMutants(all, ['tokens', 'S2']).mutants), ['S2', 'T1', 'T2', 'T3'])
  assert.deepEqual(chooseMutants(all, ['P1', 'P9', 'oidc']).unknown, ['P9', 'oidc'])
})

test('Q1: a sample is the same on the same day, and each mutant has its day', () => {
  const days = Array.from({ length: 60 }, (_, day) => `2026-01-${day}`)
  for (const day of days) {
    assert.deepEqual(drawSample(all, 3, day), drawSample(all, 3, day))
    assert.equal(new Set(rows(drawSample(all, 3, day))).size, 3)
  }
  assert.equal(new Set(days.flatMap((day) => rows(drawSample(all, 3, day)))).size, all.length)
  assert.throws(() => drawSample(all, Number('six'), '2026-01-01'), /--sample/)
})
