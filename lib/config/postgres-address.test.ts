import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createReport } from './report.ts'
import { storeSettings } from './store.ts'

function storeOf(env: Record<string, string>) {
  const report = createReport()
  const store = storeSettings(env, report)
  return { store, problems: report.problems }
}

describe('A1: the address of a PostgreSQL', () => {
  for (const [title, address, says] of [
    ['none', '', /is not set although BFF_STORE is postgres/],
    ['one of something else', 'mysql://d/x', /is not a valid PostgreSQL address/],
    ['one without a database', 'postgres://d', /names no database/],
    ['TLS where it may be had', 'postgres://d/x?sslmode=allow', /has an sslmode that is not known/],
  ] as const) {
    test(`A1: ${title} is refused, and no password repeated`, () => {
      const secret = address.replace('//', '//user:pass-w0rd@')
      const { problems } = storeOf({ BFF_STORE: 'postgres', DATABASE_URL: secret })
      assert.equal(problems.length, 1)
      assert.equal(problems[0]?.setting, 'DATABASE_URL')
      assert.match(String(problems[0]?.problem), says)
      assert.ok(!JSON.stringify(problems).includes('pass-w0rd'))
    })
  }

  test('it chooses nothing by itself: many apps have one of their own', () => {
    const url = 'postgres://app@localhost/app?sslmode=require'
    const redis = { REDIS_URL: 'redis://localhost' }
    assert.equal(storeOf({ DATABASE_URL: url }).store.kind, 'sqlite')
    assert.equal(storeOf({ DATABASE_URL: url, ...redis }).store.kind, 'redis')
    assert.deepEqual(storeOf({ DATABASE_URL: url, ...redis, BFF_STORE: 'postgres' }), {
      store: { kind: 'postgres', url },
      problems: [],
    })
  })
})
