import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { StoreFullError, StoreUnavailableError } from '#lib/store/key-value.ts'
import { createMemoryStore } from '#lib/store/memory.ts'
import { createSqliteStore, storeError } from '#lib/store/sqlite.ts'
import { startApp } from './support/app.ts'

/** What SQLite throws when there is no room for another page. */
function fullDisk(): unknown {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE t (x); PRAGMA max_page_count = 2')
  try {
    for (;;) db.exec('INSERT INTO t VALUES (zeroblob(2000))')
  } catch (error) {
    return error
  } finally {
    db.close()
  }
}

test('A15: on a full disk a sign-out removes the cookie and revokes the tokens', async (t) => {
  const error = storeError(fullDisk())
  assert.ok(error instanceof StoreFullError)
  const memory = createMemoryStore()
  let isFull = false
  const write =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      isFull ? Promise.reject(error) : operation(...args)
  const store = {
    ...memory,
    create: write(memory.create),
    delete: write(memory.delete),
    addMember: write(memory.addMember),
  }
  const app = await startApp({ store })
  t.after(() => app.close())
  for (const navigates of [true, false]) {
    isFull = false
    const browser = app.browser()
    await browser.signInHere()
    const link = String((await browser.user())?.['bff:logout_url'])
    const revoked = app.provider.state.revoked.length
    isFull = true
    const answer = navigates
      ? await browser.send(`${app.origin}${link}`)
      : await browser.call('/bff/logout', { method: 'POST' })
    assert.equal(answer.status, navigates ? 302 : 200, answer.body)
    assert.equal(await browser.user(), undefined)
    while (app.provider.state.revoked.length < revoked + 1) await new Promise(setImmediate)
  }
  const failures = app.log.events.filter(({ event }) => event === 'session.end_failed')
  assert.equal(failures.length, 2)
})

test('S8: a store that is away for another reason keeps the cookie, to try again', async (t) => {
  const memory = createMemoryStore()
  let isAway = false
  const store = {
    ...memory,
    delete: (key: string) =>
      isAway ? Promise.reject(new StoreUnavailableError(new Error('away'))) : memory.delete(key),
  }
  const app = await startApp({ store })
  t.after(() => app.close())
  const browser = app.browser()
  await browser.signInHere()
  isAway = true
  assert.equal((await browser.call('/bff/logout', { method: 'POST' })).status, 503)
  assert.ok(await browser.user())
})

test('A15: a store that can be read and not written is not ready', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-full-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'store.db')
  let time = 1_000_000
  const store = createSqliteStore({ file, busyTimeoutMs: 0, now: () => time })
  await store.create('a', 'one', 60_000)
  // Somebody else holds the one lock that every write needs.
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  await store.ping()
  time += 10_000
  await assert.rejects(store.ping(), StoreUnavailableError)
  assert.equal(store.get('a')?.value, 'one')
  other.exec('ROLLBACK')
  await store.ping()
  // A write that failed is reason to look again at once.
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(store.touch('a', 60_000), StoreUnavailableError)
  await assert.rejects(store.ping(), StoreUnavailableError)
  other.close()
  await store.close()
})

test('A15: files that others could read are closed to them, and told', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-open-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'store.db')
  const first = createSqliteStore({ file })
  await first.create('a', 'one', 60_000)
  const files = [file, `${file}-wal`, `${file}-shm`]
  for (const [path, mode] of [
    [file, 0o644],
    [`${file}-wal`, 0o660],
    [`${file}-shm`, 0o606],
  ] as const) {
    chmodSync(path, mode)
  }
  const told: string[] = []
  const second = createSqliteStore({
    file,
    onExposed: ({ file: exposed, tightened }) => told.push(`${exposed} ${tightened}`),
  })
  assert.deepEqual(
    told,
    files.map((path) => `${path} true`),
  )
  for (const path of files) assert.equal(statSync(path).mode & 0o777, 0o600, path)
  const third = createSqliteStore({ file, onExposed: () => assert.fail('told again') })
  for (const store of [first, second, third]) await store.close()
})
