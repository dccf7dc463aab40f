import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { createSqliteStore } from '#lib/store/sqlite.ts'
import { startApp } from './support/app.ts'
import { oneCloakroom } from './support/cookie-names.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const count = 1000
const dayMs = 24 * 60 * 60_000

test('S10: a thousand sign-ins at once all succeed, and leave in the store what they should', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-many-'))
  const file = join(directory, 'sessions.db')
  let ahead = 0
  const provider = await startScriptedProvider({})
  const store = createSqliteStore({ file, now: () => Date.now() + ahead })
  const app = await startApp({ provider, store, config: oneCloakroom })
  const reader = new DatabaseSync(file, { readOnly: true })
  const kinds = () =>
    Object.fromEntries(
      reader
        .prepare(
          `SELECT substr(key, 1, instr(key, ':')) AS kind, count(*) AS n FROM entries GROUP BY 1`,
        )
        .all()
        .map(({ kind, n }) => [String(kind), Number(n)]),
    )
  const total = (table: string) =>
    Number(reader.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)

  await Promise.all(Array.from({ length: count }, () => app.browser().signInHere()))
  const { 'session:': sessions, 'transaction:': transactions } = kinds()
  assert.deepEqual([sessions, transactions], [count, count])

  // Everything of it ends by itself; who writes next takes away what is over.
  ahead = 40 * dayMs
  for (let i = 0; i < 100; i += 1) await store.touch('nobody', 1000)
  assert.deepEqual([total('entries'), total('sets'), total('members')], [0, 0, 0])

  reader.close()
  await app.close()
  await provider.close()
  rmSync(directory, { recursive: true, force: true })
})
