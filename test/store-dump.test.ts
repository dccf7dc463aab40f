import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import pg from 'pg'
import { createSeal } from '#lib/session/seal.ts'
import type { KeyValue } from '#lib/store/key-value.ts'
import { createPostgresStore } from '#lib/store/postgres.ts'
import { createSqliteStore } from '#lib/store/sqlite.ts'
import { startApp } from './support/app.ts'
import { postgresQuery, startPostgresServer } from './support/postgres-server.ts'

const secret = 'Zq4Wn8Rt2Lk6Vb9Xc3Mf7Hj1Gd5Sp0Ty'

test('S6: a copy of the store holds no ticket, no token and nobody’s name', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-dump-'))
  t.after(() => rmSync(directory, { recursive: true }))
  await examine(createSqliteStore({ file: join(directory, 'cloakroom.db') }), async () =>
    readdirSync(directory)
      .map((name) => readFileSync(join(directory, name), 'utf8'))
      .join(),
  )
})

test('S6: nor does a copy of the database, nor what it tells of changes', async (t) => {
  const server = await startPostgresServer()
  const told: (string | undefined)[] = []
  const listener = new pg.Client(server.url)
  await listener.connect()
  t.after(async () => {
    await listener.end()
    await server.close()
  })
  listener.on('notification', ({ payload }) => told.push(payload))
  await listener.query('LISTEN cloakroom_changes')
  await examine(await createPostgresStore({ url: server.url }), async () => {
    const tables = ['entries', 'sets', 'members', 'leases'].map((name) => `cloakroom_${name}`)
    const rows = tables.map((table) => postgresQuery(server.url, `SELECT * FROM ${table}`))
    return JSON.stringify([await Promise.all(rows), told])
  })
  assert.ok(told.some((payload) => payload?.startsWith('session:')))
})

async function examine(store: KeyValue, copy: () => Promise<string>) {
  const app = await startApp({
    env: { BFF_SECRET: secret },
    store,
    config: { oidc: { dpop: true } },
  })
  const issued: string[] = []
  app.provider.override('token', async (_, usual) => {
    const answer = await usual()
    const { access_token, refresh_token, id_token } = answer.body as Record<string, string>
    issued.push(String(access_token), String(refresh_token), String(id_token))
    return answer
  })
  const browser = app.browser()
  await browser.signInHere()
  app.advance(301_000)
  assert.equal((await browser.call('/api/remote/api/x')).status, 200)

  const ticket = String(browser.jar.get('localhost')?.get(app.cookies.ticket))
  const opened = await createSeal([secret], 'session').unseal(ticket)
  const dump = await copy()
  // Of what is encoded, the plain text: the headers of what is encrypted, for one.
  const runs = dump.match(/[\w-]{16,}/g) ?? []
  const decoded = runs.map((run) => Buffer.from(run, 'base64url').toString('utf8')).join()
  // What is looked for could be found: the keys are there.
  const [session] = await app.bff.sessions.list('alice')
  assert.ok(dump.includes(`session:${session?.id}`))
  const sid = String(app.provider.state.sid)
  const hidden = [ticket, String(opened?.value.id), 'alice', 'Größer', sid, ...issued]
  assert.equal(issued.length, 6)
  await app.close()
  for (const value of hidden) {
    assert.ok(!decoded.includes(value), `${value.slice(0, 20)} is in the store, encoded`)
    assert.ok(!dump.includes(value), `${value.slice(0, 20)} is in the store`)
    const signature = value.slice(-40)
    assert.ok(!dump.includes(signature), `the end of ${value.slice(0, 20)} is in the store`)
  }
}
