import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { describeSetsAndLeases } from './contract-sets-and-leases.ts'
import { eventually, gone, minute, moment, type StoreUnderTest } from './contract-support.ts'
import type { Entry, KeyValue } from './key-value.ts'

export type { StoreUnderTest } from './contract-support.ts'

/** What every store must hold, whatever it is made of: the contract of key-value.ts as tests. */
export function describeKeyValue(title: string, open: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let subject: StoreUnderTest
    let store: KeyValue
    beforeEach(async () => {
      subject = await open()
      store = subject.store
    })
    afterEach(() => subject.close())

    const read = async (key: string): Promise<Entry> => {
      const entry = await store.get(key)
      assert.ok(entry, `${key} is there`)
      return entry
    }

    describe('entries', () => {
      it('creates at version 1 and answers what was stored', async () => {
        assert.equal(await store.get('a'), undefined)
        assert.equal(await store.create('a', 'one', minute), true)
        const entry = await read('a')
        assert.equal(entry.value, 'one')
        assert.equal(entry.version, 1)
        assert.deepEqual(await store.getFresh('a'), entry)
      })

      it('does not create over an existing key', async () => {
        await store.create('a', 'one', minute)
        assert.equal(await store.create('a', 'two', minute), false)
        assert.equal((await read('a')).value, 'one')
      })

      it('replaces at exactly the version that was read', async () => {
        await store.create('a', 'one', minute)
        assert.equal(await store.replace('a', 1, 'two'), 2)
        assert.equal(await store.replace('a', 1, 'late'), undefined)
        assert.equal(await store.replace('a', 3, 'early'), undefined)
        assert.equal(await store.replace('a', 2, 'three'), 3)
        const { value, version } = await read('a')
        assert.deepEqual({ value, version }, { value: 'three', version: 3 })
      })

      it('lets exactly one of many writers win each version', async () => {
        await store.create('race', '0', minute)
        const wins: number[] = []
        const writer = async (handle: KeyValue, id: number): Promise<void> => {
          for (let done = 0; done < 5; ) {
            const entry = await handle.getFresh('race')
            assert.ok(entry)
            const version = await handle.replace('race', entry.version, `${id}`)
            if (version === undefined) continue
            wins.push(version)
            done++
          }
        }
        const handles = subject.peer ? [store, subject.peer] : [store]
        await Promise.all(
          Array.from({ length: 8 }, (_, id) => writer(handles[id % handles.length] ?? store, id)),
        )
        const everyVersionOnce = Array.from({ length: 40 }, (_, i) => i + 2)
        assert.deepEqual(
          wins.sort((a, b) => a - b),
          everyVersionOnce,
        )
        assert.equal((await store.getFresh('race'))?.version, 41)
      })

      it('S7: nothing brings a deleted key back', async () => {
        await store.create('a', 'one', minute)
        assert.equal(await store.delete('a'), true)
        assert.equal(await store.replace('a', 1, 'two', minute), undefined)
        assert.equal(await store.touch('a', minute), false)
        assert.equal(await store.delete('a'), false)
        assert.equal(await store.get('a'), undefined)
        assert.equal(await store.getFresh('a'), undefined)
      })

      it('a key made anew after its deletion starts at version 1', async () => {
        await store.create('a', 'one', minute)
        await store.replace('a', 1, 'two')
        await read('a')
        await store.delete('a')
        assert.equal(await store.create('a', 'again', minute), true)
        const { value, version } = await read('a')
        assert.deepEqual({ value, version }, { value: 'again', version: 1 })
      })

      it('answers the same object while nothing changed, and another one after a change', async () => {
        await store.create('a', 'one', minute)
        await store.create('other', 'x', minute)
        const first = await read('a')
        await store.replace('other', 1, 'y')
        await store.addMember('a', 'member', minute)
        if (subject.remembers !== false) assert.equal(await read('a'), first)
        await store.replace('a', 1, 'two')
        const second = await read('a')
        assert.equal(second.value, 'two')
        assert.equal(first.value, 'one')
      })
    })

    describe('expiry', () => {
      it('an expired entry is not answered, replaced, touched or deleted, but can be made anew', async () => {
        await store.create('a', 'one', moment)
        await store.get('a')
        await subject.pass(moment)
        await gone(() => store.get('a'))
        assert.equal(await store.getFresh('a'), undefined)
        assert.equal(await store.replace('a', 1, 'two', minute), undefined)
        assert.equal(await store.touch('a', minute), false)
        assert.equal(await store.delete('a'), false)
        assert.equal(await store.create('a', 'again', minute), true)
      })

      it('a remembered entry expires too', async () => {
        await store.create('a', 'one', 10 * moment)
        await store.get('a')
        await subject.pass(10 * moment)
        await gone(() => store.get('a'))
      })

      it('a touch moves the expiry, both ways, and leaves value and version alone', async () => {
        await store.create('a', 'one', minute)
        const before = await read('a')
        assert.equal(await store.touch('a', 2 * minute), true)
        const after = await read('a')
        assert.ok(after.expiresAt >= before.expiresAt + minute)
        assert.deepEqual({ ...after, expiresAt: 0 }, { value: 'one', version: 1, expiresAt: 0 })
        assert.equal(await store.replace('a', 1, 'two'), 2)
        await store.touch('a', moment)
        await subject.pass(moment)
        await gone(() => store.get('a'))
      })

      it('a replace keeps the expiry, or sets it when it is given one', async () => {
        await store.create('a', 'one', minute)
        const { expiresAt } = await read('a')
        await store.replace('a', 1, 'two')
        assert.equal((await read('a')).expiresAt, expiresAt)
        await store.replace('a', 2, 'three', 2 * minute)
        assert.ok((await read('a')).expiresAt >= expiresAt + minute)
        await store.replace('a', 3, 'four', moment)
        await subject.pass(moment)
        await gone(() => store.get('a'))
      })
    })

    describeSetsAndLeases(() => subject)

    describe('keys and values', () => {
      const hostile = [
        'plain',
        'with space\r\nSET injected 1\r\n',
        'nul\u0000after',
        'quote\'"`; DROP TABLE entries; --',
        '{hash}tag',
        '*?[a-z]',
        '__proto__',
        'constructor',
        'ключ-鍵-🗝️',
        '\ufeffbom',
        `long-${'k'.repeat(2000)}`,
      ]

      it('takes any key, and keeps every two of them apart', async () => {
        for (const key of hostile) assert.equal(await store.create(key, `of ${key}`, minute), true)
        for (const key of hostile) {
          assert.equal((await read(key)).value, `of ${key}`)
          assert.equal((await store.getFresh(key))?.value, `of ${key}`)
        }
        assert.equal(await store.get('nul'), undefined)
        for (const key of hostile) assert.equal(await store.delete(key), true)
      })

      it('gives any value, member and owner back as it was', async () => {
        const values = [
          ...hostile,
          '',
          ' ',
          '0',
          'null',
          '{"a":1}',
          '[1]',
          'OK',
          '12345678901234567890',
        ]
        for (const [i, value] of values.entries()) {
          await store.create(`value-${i}`, value, minute)
          assert.equal((await read(`value-${i}`)).value, value)
          await store.addMember('set', value, minute)
          assert.equal(await store.acquireLease(`lease-${i}`, value, minute), true)
          assert.equal(await store.releaseLease(`lease-${i}`, value), true)
        }
        assert.deepEqual((await store.members('set')).sort(), values.sort())
      })

      it('holds a value of a megabyte', async () => {
        const big = 'é'.repeat(512 * 1024)
        await store.create('big', big, minute)
        assert.equal((await read('big')).value, big)
        assert.equal(await store.replace('big', 1, `${big}!`), 2)
        assert.equal((await read('big')).value, `${big}!`)
      })

      it('an entry, a set and a lease of one key are three things', async () => {
        await store.addMember('k', 'member', minute)
        assert.equal(await store.acquireLease('k', 'owner', minute), true)
        assert.equal(await store.get('k'), undefined)
        assert.equal(await store.create('k', 'value', minute), true)
        assert.equal(await store.delete('k'), true)
        assert.deepEqual(await store.members('k'), ['member'])
        assert.equal(await store.releaseLease('k', 'owner'), true)
      })
    })

    it('answers a ping, and closes more than once', async () => {
      await store.ping()
      await store.close()
      await store.close()
    })

    it("another handle's writes and deletes are seen, and a deleted entry is never seen again", async () => {
      const { peer } = subject
      if (!peer) return assert.equal(store.kind, 'memory')
      for (let round = 0; round < 20; round++) {
        const key = `shared-${round}`
        await peer.create(key, 'one', minute)
        assert.equal((await read(key)).value, 'one')
        await peer.replace(key, 1, 'two')
        await eventually(async () => (await read(key)).value === 'two')
        await peer.touch(key, 2 * minute)
        const touched = (await peer.getFresh(key))?.expiresAt
        await eventually(async () => (await read(key)).expiresAt === touched)
        assert.equal(await peer.delete(key), true)
        await gone(() => store.get(key))
        for (let again = 0; again < 5; again++) assert.equal(await store.get(key), undefined)
      }
    })
  })
}
