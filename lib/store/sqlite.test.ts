import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describeKeyValue } from './contract.ts'
import { StoreUnavailableError } from './key-value.ts'
import { createSqliteStore } from './sqlite.ts'

const minute = 60_000
const root = mkdtempSync(join(tmpdir(), 'cloakroom-sqlite-'))
after(() => rmSync(root, { recursive: true }))

let files = 0
const newFile = (): string => join(root, `${files++}`, 'store.db')

describeKeyValue('S10: key-value contract on sqlite', async () => {
  let time = 1_700_000_000_000
  const file = newFile()
  const now = () => time
  const store = createSqliteStore({ file, now })
  const peer = createSqliteStore({ file, now })
  return {
    store,
    peer,
    pass: async (ms) => {
      time += ms
    },
    close: async () => {
      await store.close()
      await peer.close()
    },
  }
})

describe('sqlite store', () => {
  it("sees another connection's write, touch and delete at the first read of the next turn", async () => {
    const file = newFile()
    const store = createSqliteStore({ file })
    const peer = createSqliteStore({ file })
    for (let round = 0; round < 100; round++) {
      const key = `key-${round}`
      await peer.create(key, 'one', minute)
      assert.equal(store.get(key)?.value, 'one')
      await peer.replace(key, 1, 'two')
      await nextTurn()
      assert.equal(store.get(key)?.value, 'two')
      await peer.touch(key, 2 * minute)
      await nextTurn()
      assert.equal(store.get(key)?.expiresAt, peer.get(key)?.expiresAt)
      await peer.delete(key)
      await nextTurn()
      assert.equal(store.get(key), undefined)
    }
    await store.close()
    await peer.close()
  })

  it('answers the same object through the writes of others to other keys', async () => {
    const file = newFile()
    const store = createSqliteStore({ file })
    const peer = createSqliteStore({ file })
    await store.create('a', 'one', minute)
    const entry = store.get('a')
    await peer.create('b', 'two', minute)
    assert.equal(store.get('a'), entry)
    assert.equal(await store.getFresh('a'), entry)
    // A key that was made anew with the same version and expiry is not the same entry.
    const { expiresAt } = entry ?? assert.fail()
    await peer.delete('a')
    const twin = createSqliteStore({ file, now: () => expiresAt - minute })
    await twin.create('a', 'other', minute)
    assert.deepEqual(store.get('a'), { value: 'other', version: 1, expiresAt })
    for (const handle of [store, peer, twin]) await handle.close()
  })

  it('makes its directory and files for their owner alone', async () => {
    const file = newFile()
    const store = createSqliteStore({ file })
    await store.create('a', 'one', minute)
    const mode = (path: string) => statSync(path).mode & 0o777
    assert.equal(mode(join(file, '..')), 0o700)
    for (const path of [file, `${file}-wal`, `${file}-shm`]) assert.equal(mode(path), 0o600, path)
    await store.close()
  })

  it('writes what one turn wants written in order, and in one transaction', async () => {
    const file = newFile()
    const store = createSqliteStore({ file })
    const inTurn = await Promise.all([
      store.create('a', 'one', minute),
      store.create('a', 'two', minute),
      store.replace('a', 1, 'three'),
      store.replace('a', 1, 'four'),
      store.addMember('set', 'x', minute),
      store.removeMember('set', 'x'),
      store.acquireLease('lease', 'me', minute),
      store.acquireLease('lease', 'you', minute),
      store.delete('a'),
      store.touch('a', minute),
      store.create('b', 'one', minute),
    ])
    const expected = [
      true,
      false,
      2,
      undefined,
      undefined,
      undefined,
      true,
      false,
      true,
      false,
      true,
    ]
    assert.deepEqual(inTurn, expected)
    await store.close()
  })

  it('one write of a turn that fails by itself fails alone', async () => {
    const file = newFile()
    const store = createSqliteStore({ file })
    const [before, odd, after] = await Promise.allSettled([
      store.create('a', 'one', minute),
      store.create('b', Symbol('no text') as never, minute),
      store.replace('a', 1, 'two'),
    ])
    assert.deepEqual(
      [before.status, odd.status, after.status],
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.ok(odd.status === 'rejected' && odd.reason instanceof StoreUnavailableError)
    assert.deepEqual([store.get('a')?.value, store.get('b')], ['two', undefined])
    await store.close()
  })

  it('writes nothing of a turn while another process writes, and tells everybody', async () => {
    const file = newFile()
    const store = createSqliteStore({ file, busyTimeoutMs: 20 })
    const hog = new DatabaseSync(file)
    hog.exec('BEGIN IMMEDIATE')
    const inTurn = await Promise.allSettled([
      store.create('a', 'one', minute),
      store.addMember('set', 'x', minute),
    ])
    hog.exec('ROLLBACK')
    hog.close()
    for (const { status } of inTurn) assert.equal(status, 'rejected')
    assert.deepEqual([store.get('a'), await store.members('set')], [undefined, []])
    await store.close()
  })

  it('writes what is asked for before it closes', async () => {
    const file = newFile()
    const store = createSqliteStore({ file })
    const written = store.create('a', 'one', minute)
    await store.close()
    assert.equal(await written, true)
    const again = createSqliteStore({ file })
    assert.equal(again.get('a')?.value, 'one')
    await again.close()
  })

  it('takes expired rows away, a batch at a time', async () => {
    let time = 1_000_000
    const file = newFile()
    const store = createSqliteStore({ file, now: () => time })
    for (let i = 0; i < 120; i++) {
      await store.create(`entry-${i}`, 'x', 1000)
      await store.addMember(`set-${i}`, 'x', 1000)
      await store.acquireLease(`lease-${i}`, 'x', 1000)
    }
    const reader = new DatabaseSync(file, { readOnly: true })
    const rows = (): number[] =>
      ['entries', 'sets', 'members', 'leases'].map((table) =>
        Number(reader.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n),
      )
    assert.deepEqual(rows(), [120, 120, 120, 120])
    time += 20_000
    await store.create('alive', 'x', 1000)
    assert.deepEqual(rows(), [71, 70, 70, 70])
    for (let i = 0; i < 3; i++) await store.touch('alive', 1000)
    assert.deepEqual(rows(), [1, 0, 0, 0])
    reader.close()
    await store.close()
  })

  it('refuses a file that a newer version has written', async () => {
    const file = newFile()
    await createSqliteStore({ file }).close()
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 99')
    db.close()
    assert.throws(() => createSqliteStore({ file }), /schema 99, written by a newer version/)
  })

  it('keeps everything from one opening to the next', async () => {
    const file = newFile()
    const store = createSqliteStore({ file })
    await store.create('a', 'one', minute)
    await store.addMember('set', 'x', minute)
    await store.acquireLease('lease', 'owner', minute)
    await store.close()
    const again = createSqliteStore({ file })
    assert.equal(again.get('a')?.value, 'one')
    assert.deepEqual(await again.members('set'), ['x'])
    assert.equal(await again.renewLease('lease', 'owner', minute), true)
    await again.close()
  })

  it('S8: says that it is unavailable, never "not there", when it cannot look or write', async () => {
    const file = newFile()
    const store = createSqliteStore({ file, busyTimeoutMs: 20 })
    await store.create('a', 'one', minute)
    const hog = new DatabaseSync(file)
    hog.exec('BEGIN EXCLUSIVE')
    await assert.rejects(store.touch('a', minute), StoreUnavailableError)
    await assert.rejects(store.addMember('set', 'x', minute), StoreUnavailableError)
    assert.equal(store.get('a')?.value, 'one')
    hog.exec('ROLLBACK')
    hog.close()
    assert.equal(await store.touch('a', minute), true)
    await store.close()
    assert.throws(() => store.get('a'), StoreUnavailableError)
    await assert.rejects(store.getFresh('a'), StoreUnavailableError)
    await assert.rejects(store.ping(), StoreUnavailableError)
  })
})

describe('sqlite store, several processes', () => {
  /** Runs `body` in another process, with `store` and `say(line)` at hand. */
  function runElsewhere(file: string, body: string): { child: ChildProcess; lines: string[] } {
    const source = `
      import { writeSync } from 'node:fs'
      import { createSqliteStore } from '${new URL('./sqlite.ts', import.meta.url)}'
      const store = createSqliteStore({ file: ${JSON.stringify(file)} })
      const say = (line) => writeSync(1, line + '\\n')
      ${body}
      await store.close()`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: string[] = []
    if (child.stdout) createInterface(child.stdout).on('line', (line) => lines.push(line))
    return { child, lines }
  }

  it('open one new file and write it at once without losing an update', async () => {
    const file = newFile()
    const children = Array.from({ length: 3 }, () =>
      runElsewhere(
        file,
        `await store.create('counter', '0', 60000)
         for (let done = 0; done < 200; ) {
           const { value, version } = await store.getFresh('counter')
           if (await store.replace('counter', version, String(Number(value) + 1))) done++
           await store.addMember('set', process.pid + '-' + done, 60000)
         }`,
      ),
    )
    const codes = await Promise.all(
      children.map(async ({ child }) => (await once(child, 'close'))[0]),
    )
    assert.deepEqual(codes, [0, 0, 0])
    const store = createSqliteStore({ file })
    assert.equal(store.get('counter')?.value, '600')
    assert.equal(store.get('counter')?.version, 601)
    assert.equal(
      (await store.members('set')).filter((member) => !member.endsWith('-0')).length,
      600,
    )
    await store.close()
  })

  it('a killed process loses nothing that it had been told was written', async () => {
    const file = newFile()
    const { child, lines } = runElsewhere(
      file,
      `for (let i = 0; ; i++) {
         if (await store.create('key-' + i, 'value-' + i, 60000)) say('key-' + i)
       }`,
    )
    while (lines.length < 500) await once(child.stdout ?? assert.fail(), 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    const store = createSqliteStore({ file })
    for (const key of lines) assert.equal(store.get(key)?.value, key.replace('key', 'value'))
    assert.equal(await store.create('next', 'x', minute), true)
    await store.close()
  })
})
