import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session, SessionRecord } from '../session/session.ts'
import { createMemoryStore } from '../store/memory.ts'
import { underMark } from './refresh-mark.ts'

const key = 'session:a'
const never = new Promise<never>(() => {})

function setUp(options: { onSleep?: (turn: number) => void } = {}) {
  const store = createMemoryStore()
  let turns = 0
  let version = 1
  const deps = {
    store,
    sessions: {
      readFresh: async (): Promise<Session> => ({
        key,
        version,
        expiresAt: 0,
        record: {} as SessionRecord,
      }),
    },
    sleep: async () => options.onSleep?.(++turns),
  }
  return { store, deps, turns: () => turns, save: () => void version++ }
}

test('S8: who finds no mark begins at once, and leaves none behind', async () => {
  const { deps, store, turns } = setUp()
  assert.equal(await underMark(deps, key, async () => 'done'), 'done')
  await assert.rejects(underMark(deps, key, () => Promise.reject(new Error('broken'))))
  assert.equal(turns(), 0)
  assert.equal(await store.get(`refreshing:${key}`), undefined)
})

test('S8: who finds the mark of one that was cut off lets it save first', async () => {
  const { deps, store, turns, save } = setUp({ onSleep: (turn) => turn === 3 && save() })
  void underMark(deps, key, () => never)
  await new Promise(setImmediate)
  assert.equal(await underMark(deps, key, async () => turns()), 3)
  assert.equal(await store.get(`refreshing:${key}`), undefined)
})
