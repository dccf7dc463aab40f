import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { eventually, gone, MINUTE, MOMENT, type StoreUnderTest } from './contract-support.ts'
import type { KeyValue } from './key-value.ts'

/** The part of the contract about sets and leases. */
export function describeSetsAndLeases(current: () => StoreUnderTest): void {
  let subject: StoreUnderTest
  let store: KeyValue
  beforeEach(() => {
    subject = current()
    store = subject.store
  })

  describe('sets', () => {
    it('holds each member once and forgets the removed ones', async () => {
      assert.deepEqual(await store.members('set'), [])
      for (const member of ['x', 'y', 'x', 'z']) await store.addMember('set', member, MINUTE)
      await store.removeMember('set', 'y')
      await store.removeMember('set', 'never there')
      await store.removeMember('no such set', 'x')
      assert.deepEqual((await store.members('set')).sort(), ['x', 'z'])
    })

    it('a later, shorter member does not shorten the life of the set', async () => {
      await store.addMember('set', 'long', MINUTE)
      await store.addMember('set', 'short', MOMENT)
      await subject.pass(2 * MOMENT)
      assert.deepEqual((await store.members('set')).sort(), ['long', 'short'])
    })

    it('a longer member prolongs it, and all of it expires together', async () => {
      await store.addMember('set', 'x', 1)
      await subject.pass(2 * MOMENT)
      await gone(async () => (await store.members('set'))[0])
      await store.addMember('set', 'y', MOMENT)
      await store.addMember('set', 'z', MINUTE)
      await subject.pass(2 * MOMENT)
      const members = await store.members('set')
      assert.ok(members.includes('z') && !members.includes('x'), String(members))
    })
  })

  describe('leases', () => {
    it('one of many wins, and the others until it is released do not', async () => {
      const attempts = await Promise.all(
        Array.from({ length: 10 }, (_, i) => store.acquireLease('lease', `owner-${i}`, MINUTE)),
      )
      assert.equal(attempts.filter(Boolean).length, 1)
      const owner = `owner-${attempts.indexOf(true)}`
      assert.equal(await store.acquireLease('lease', owner, MINUTE), false)
      assert.equal(await store.releaseLease('lease', owner), true)
      assert.equal(await store.acquireLease('lease', 'next', MINUTE), true)
    })

    it('a lease is renewed and released by its owner only', async () => {
      await store.acquireLease('lease', 'owner', MINUTE)
      assert.equal(await store.renewLease('lease', 'thief', MINUTE), false)
      assert.equal(await store.releaseLease('lease', 'thief'), false)
      assert.equal(await store.renewLease('lease', 'owner', MINUTE), true)
      assert.equal(await store.acquireLease('lease', 'thief', MINUTE), false)
    })

    it('a lease that ran out is free, and lost to its former owner', async () => {
      await store.acquireLease('lease', 'slow', MOMENT)
      await subject.pass(MOMENT)
      await eventually(() => store.acquireLease('lease', 'next', MINUTE))
      assert.equal(await store.renewLease('lease', 'slow', MINUTE), false)
      assert.equal(await store.releaseLease('lease', 'slow'), false)
      assert.equal(await store.renewLease('lease', 'next', MINUTE), true)
    })

    it('a renewal counts from now', async () => {
      await store.acquireLease('lease', 'owner', MINUTE)
      await store.renewLease('lease', 'owner', MOMENT)
      await subject.pass(MOMENT)
      await eventually(() => store.acquireLease('lease', 'next', MINUTE))
    })
  })
}
