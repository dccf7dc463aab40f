import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { eventually, gone, minute, moment, type StoreUnderTest } from './contract-support.ts'
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
      for (const member of ['x', 'y', 'x', 'z']) await store.addMember('set', member, minute)
      await store.removeMember('set', 'y')
      await store.removeMember('set', 'never there')
      await store.removeMember('no such set', 'x')
      assert.deepEqual((await store.members('set')).sort(), ['x', 'z'])
    })

    it('a later, shorter member does not shorten the life of the set', async () => {
      await store.addMember('set', 'long', minute)
      await store.addMember('set', 'short', moment)
      await subject.pass(2 * moment)
      assert.deepEqual((await store.members('set')).sort(), ['long', 'short'])
    })

    it('a longer member prolongs it, and all of it expires together', async () => {
      await store.addMember('set', 'x', 1)
      await subject.pass(2 * moment)
      await gone(async () => (await store.members('set'))[0])
      await store.addMember('set', 'y', moment)
      await store.addMember('set', 'z', minute)
      await subject.pass(2 * moment)
      const members = await store.members('set')
      assert.ok(members.includes('z') && !members.includes('x'), String(members))
    })
  })

  describe('leases', () => {
    it('one of many wins, and the others until it is released do not', async () => {
      const attempts = await Promise.all(
        Array.from({ length: 10 }, (_, i) => store.acquireLease('lease', `owner-${i}`, minute)),
      )
      assert.equal(attempts.filter(Boolean).length, 1)
      const owner = `owner-${attempts.indexOf(true)}`
      assert.equal(await store.acquireLease('lease', owner, minute), false)
      assert.equal(await store.releaseLease('lease', owner), true)
      assert.equal(await store.acquireLease('lease', 'next', minute), true)
    })

    it('a lease is renewed and released by its owner only', async () => {
      await store.acquireLease('lease', 'owner', minute)
      assert.equal(await store.renewLease('lease', 'thief', minute), false)
      assert.equal(await store.releaseLease('lease', 'thief'), false)
      assert.equal(await store.renewLease('lease', 'owner', minute), true)
      assert.equal(await store.acquireLease('lease', 'thief', minute), false)
    })

    it('a lease that ran out is free, and lost to its former owner', async () => {
      await store.acquireLease('lease', 'slow', moment)
      await subject.pass(moment)
      await eventually(() => store.acquireLease('lease', 'next', minute))
      assert.equal(await store.renewLease('lease', 'slow', minute), false)
      assert.equal(await store.releaseLease('lease', 'slow'), false)
      assert.equal(await store.renewLease('lease', 'next', minute), true)
    })

    it('a renewal counts from now', async () => {
      await store.acquireLease('lease', 'owner', minute)
      await store.renewLease('lease', 'owner', moment)
      await subject.pass(moment)
      await eventually(() => store.acquireLease('lease', 'next', minute))
    })
  })
}
