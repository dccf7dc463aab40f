import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createReport } from './report.ts'
import { storeSettings } from './store.ts'

const read = (env: Record<string, string>) => {
  const report = createReport()
  return { store: storeSettings({ BFF_STORE: 'redis', ...env }, report), report }
}

describe('A1: addresses of several servers of Redis', () => {
  for (const [text, urls] of [
    ['redis://a:1,b:2', ['redis://a:1', 'redis://b:2']],
    ['redis://a:1, redis://b:2', ['redis://a:1', 'redis://b:2']],
    [
      'rediss://u:p,w@a:1, b:2 ,[::1]:3/0',
      ['rediss://u:p,w@a:1/0', 'rediss://u:p,w@b:2/0', 'rediss://u:p,w@[::1]:3/0'],
    ],
    ['redis://:p@a:1,redis://:p@b:2/0', ['redis://:p@a:1', 'redis://:p@b:2/0']],
  ] as const) {
    test(`are read from ${text}`, () => {
      const { store, report } = read({ REDIS_CLUSTER: 'true', REDIS_URL: text })
      assert.deepEqual([store, report.problems], [{ kind: 'redis', urls, cluster: true }, []])
      const sentinel = read({ REDIS_SENTINEL: 'm', REDIS_URL: text }).store
      assert.deepEqual(sentinel, { kind: 'redis', urls, cluster: false, sentinel: 'm' })
    })
  }

  const one = { REDIS_URL: 'redis://a' }
  for (const [title, env, setting, says] of [
    ['servers without a kind', { REDIS_URL: 'redis://a,b' }, 'REDIS_URL', /REDIS_CLUSTER=true or/],
    ['one of them that is none', { REDIS_URL: 'redis://a,:1' }, 'REDIS_URL', /host:port/],
    ['a cluster that is no flag', { ...one, REDIS_CLUSTER: 'yes' }, 'REDIS_CLUSTER', /true or/],
    [
      'a database of a cluster',
      { REDIS_URL: 'redis://a,b/1', REDIS_CLUSTER: 'true' },
      'REDIS_URL',
      /with \/0/,
    ],
    [
      'a cluster with sentinels',
      { ...one, REDIS_CLUSTER: 'true', REDIS_SENTINEL: 'm' },
      'REDIS_SENTINEL',
      /keep one/,
    ],
    [
      'a password of no sentinel',
      { ...one, REDIS_SENTINEL_PASSWORD: 'p' },
      'REDIS_SENTINEL_PASSWORD',
      /that, too/,
    ],
  ] as const) {
    test(`refuse ${title}`, () => {
      const [problem] = read(env).report.problems
      assert.equal(problem?.setting, setting)
      assert.match(problem?.fix ?? '', says)
    })
  }
})
