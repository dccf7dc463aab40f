import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '#lib/store/contract-support.ts'
import type { KeyValue } from '#lib/store/key-value.ts'
import { createPostgresStore } from '#lib/store/postgres.ts'
import { postgresRefusal } from '#lib/store/postgres-refusal.ts'
import { tableDefinitions } from '#lib/store/postgres-tables.ts'
import { startDeafPooler } from './support/deaf-pooler.ts'
import { postgresQuery, startPostgresServer } from './support/postgres-server.ts'
import { selfSigned } from './support/self-signed.ts'

const minute = 60_000

async function open(t: TestContext, url: string): Promise<KeyValue> {
  const store = await createPostgresStore({ url, commandTimeoutMs: 10_000 })
  t.after(() => store.close())
  return store
}

describe('postgres store, S26: where it lies', () => {
  it('S26: behind a pooler that tells nothing every read asks, and a sign-out is never missed', async (t) => {
    const server = await startPostgresServer()
    t.after(() => server.close())
    const pooler = await startDeafPooler(server.port)
    t.after(() => pooler.close())
    const store = await open(t, server.url.replace(/:\d+\//, `:${pooler.port}/`))
    const peer = await open(t, server.url)
    await peer.create('a', 'one', minute)
    await eventually(async () => !(peer.get('a') instanceof Promise))
    for (let i = 0; i < 20; i++) {
      const asked = store.get('a')
      assert.ok(asked instanceof Promise)
      assert.equal((await asked)?.value, 'one')
      await sleep(5)
    }
    await peer.delete('a')
    assert.equal(await store.get('a'), undefined)
  })

  it('S26: the docs show the tables as they are made', () => {
    const page = readFileSync(join(import.meta.dirname, '../docs/storage.md'), 'utf8')
    assert.equal(page.split('```sql\n')[1]?.split('```')[0], tableDefinitions('cloakroom_'))
  })

  it('S26: with sslmode=require the connection is encrypted, to nobody but the server that is meant', async (t) => {
    const { key, cert } = await selfSigned('localhost')
    const server = await startPostgresServer({ tls: { key, cert } })
    t.after(() => server.close())
    const directory = mkdtempSync(join(tmpdir(), 'cloakroom-authority-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const authority = join(directory, 'authority.pem')
    writeFileSync(authority, cert)
    const refusal = await createPostgresStore({ url: `${server.url}?sslmode=require` }).then(
      async (store) => store.close(),
      (error: unknown) => postgresRefusal(error),
    )
    assert.match(String(refusal?.problem), /certificate is not trusted/)
    const store = await open(t, `${server.url}?sslmode=require&sslrootcert=${authority}`)
    assert.equal(await store.create('a', 'one', minute), true)
    const encrypted = await postgresQuery(
      server.url,
      `SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
       WHERE application_name LIKE 'cloakroom%'`,
    )
    assert.deepEqual(encrypted, [[true]])
  })
})
