import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Entry } from './key-value.ts'
import { createTrackedReads } from './tracked-reads.ts'

/** A server's clock that differs from ours by years. */
const serverAhead = 5_000_000_000_000

describe('tracked reads', () => {
  /** A server whose answers come when the test says so. */
  function setUp(options: { tracked?: boolean; probes?: 'answered' | 'lost' } = {}) {
    let time = 0
    const asked: { key: string; answer(entry: Entry | undefined): void; fail(): void }[] = []
    const reads = createTrackedReads({
      fetch: (key) => {
        const { promise, resolve, reject } = Promise.withResolvers<Entry | undefined>()
        asked.push({ key, answer: resolve, fail: () => reject(new Error('cut')) })
        return promise
      },
      probe: async () => {
        if (options.probes === 'lost') return new Promise(() => {})
        return time + serverAhead
      },
      isTracked: () => options.tracked ?? true,
      trustMs: 1000,
      rememberedChars: 10_000,
      clock: () => time,
    })
    const pass = (ms: number): void => {
      time += ms
    }
    const newest = () => asked.at(-1) ?? assert.fail('nothing was asked')
    const remember = async (entry = make('one')): Promise<Entry> => {
      const reading = reads.get('a')
      newest().answer(entry)
      await reading
      return entry
    }
    return { reads, asked, newest, pass, remember }
  }

  const make = (value: string, version = 1, lifetime = 60_000): Entry => ({
    value,
    version,
    expiresAt: serverAhead + lifetime,
  })

  it('answers a repeated read at once, with the same object', async () => {
    const { reads, asked, remember } = setUp()
    const entry = await remember()
    assert.equal(reads.get('a'), entry)
    assert.equal(asked.length, 1)
  })

  it('asks again after a report about the key, and after one about everything', async () => {
    const { reads, asked, remember } = setUp()
    for (const reported of ['a', null]) {
      await remember()
      reads.invalidate('b')
      assert.equal(reads.get('a') instanceof Promise, false)
      const before = asked.length
      reads.invalidate(reported)
      assert.ok(reads.get('a') instanceof Promise)
      assert.equal(asked.length, before + 1)
      reads.invalidate(null)
    }
  })

  it('does not remember an answer that was overtaken by a report', async () => {
    for (const reported of ['a', null]) {
      const { reads, asked, newest } = setUp()
      const reading = reads.get('a')
      reads.invalidate(reported)
      newest().answer(make('old'))
      assert.equal((await reading)?.value, 'old')
      assert.ok(reads.get('a') instanceof Promise)
      assert.equal(asked.length, 2)
    }
  })

  it('does not even join a read that a report has overtaken', async () => {
    const { reads, asked } = setUp()
    const stale = reads.get('a')
    const joined = reads.get('a')
    assert.equal(joined, stale)
    reads.invalidate('a')
    const fresh = reads.get('a')
    asked[1]?.answer(make('new', 2))
    asked[0]?.answer(make('old'))
    assert.equal((await fresh)?.value, 'new')
    await stale
    assert.equal((reads.get('a') as Entry).value, 'new')
  })

  it('a fresh read asks although the answer is remembered, and keeps the object when it is equal', async () => {
    const { reads, newest, remember } = setUp()
    const entry = await remember()
    const fresh = reads.getFresh('a')
    newest().answer(make('one'))
    assert.equal(await fresh, entry)
    const changed = reads.getFresh('a')
    newest().answer(make('two', 2))
    assert.equal((await changed)?.value, 'two')
    assert.equal((reads.get('a') as Entry).value, 'two')
  })

  it('believes a silent server for the time of trust, and asks after it', async () => {
    const { reads, remember, pass, newest } = setUp({ probes: 'answered' })
    const entry = await remember()
    pass(999)
    assert.equal(reads.get('a'), entry)
    const lost = setUp({ probes: 'lost' })
    await lost.remember()
    assert.ok(lost.reads.get('a') instanceof Promise, 'no probe was ever answered')
    pass(5000)
    const asking = reads.get('a')
    assert.ok(asking instanceof Promise, 'the last proof is too old')
    newest().answer(undefined)
    assert.equal(await asking, undefined)
  })

  it('while it is read, it is never too old to be believed', async () => {
    const { reads, remember, pass, asked } = setUp()
    await remember()
    for (let i = 0; i < 20; i++) {
      pass(500)
      assert.ok(!(reads.get('a') instanceof Promise))
      await Promise.resolve()
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(asked.length, 1)
  })

  it("never answers what has expired by the server's clock, and leaves the verdict to the server", async () => {
    const { reads, remember, pass, newest } = setUp()
    await remember(make('short', 1, 300))
    pass(299)
    assert.equal((reads.get('a') as Entry).value, 'short')
    pass(1)
    const asking = reads.get('a')
    assert.ok(asking instanceof Promise)
    newest().answer(undefined)
    assert.equal(await asking, undefined)
  })

  it('asks a server that reports nothing every time', async () => {
    const { reads, remember, asked } = setUp({ tracked: false })
    await remember()
    await remember()
    assert.ok(reads.get('a') instanceof Promise)
    assert.equal(asked.length, 3)
  })

  it('a failed read fails all who joined it, and the next one asks again', async () => {
    const { reads, newest, asked } = setUp()
    const all = Promise.allSettled([reads.get('a'), reads.get('a')])
    newest().fail()
    assert.deepEqual(
      (await all).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.equal(asked.length, 1)
    const next = reads.get('a')
    newest().answer(make('one'))
    assert.equal((await next)?.value, 'one')
  })
})
