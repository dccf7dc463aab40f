import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../store/memory.ts'
import type { SessionRecord } from './session.ts'
import { createSessionIndex } from './session-index.ts'

const hour = 3_600_000

function setup() {
  const clock = { now: 0 }
  const now = () => clock.now
  const store = createMemoryStore({ now })
  const index = createSessionIndex({ store, now, pruneChance: 1 })
  const signIn = async (key: string, sid?: string) => {
    const record = { issuer: 'i', sub: 'alice', absoluteAt: clock.now + 8 * hour } as SessionRecord
    const full = sid === undefined ? record : { ...record, sid }
    await index.add(full, key, 8 * hour)
    return full
  }
  return { clock, index, signIn }
}

test('finds sessions by user and by the provider’s session id, until they are removed', async () => {
  const { index, signIn } = setup()
  const one = await signIn('session:1', 'a')
  await signIn('session:2', 'b')
  assert.deepEqual((await index.bySub('i', 'alice')).sort(), ['session:1', 'session:2'])
  assert.deepEqual(await index.bySid('i', 'b'), ['session:2'])
  assert.deepEqual(await index.bySub('other', 'alice'), [])
  await index.remove(one, 'session:1')
  assert.deepEqual(await index.bySub('i', 'alice'), ['session:2'])
})

test('a user who signs in all day does not fill the store', async () => {
  const { clock, index, signIn } = setup()
  for (let i = 0; i < 100; i++) {
    await signIn(`session:${i}`)
    clock.now += hour
  }
  assert.ok((await index.bySub('i', 'alice')).length <= 9)
})
