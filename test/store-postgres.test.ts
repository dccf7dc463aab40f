import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeKeyValue } from '#lib/store/contract.ts'
import { eventually } from '#lib/store/contract-support.ts'
import type { KeyValue } from '#lib/store/key-value.ts'
import { createPostgresStore, type PostgresStoreOptions } from '#lib/store/postgres.ts'
import {
  type PostgresServer,
  postgresQuery,
  startPostgresServer,
} from './support/postgres-server.ts'
import { startTap } from './support/tap.ts'

const minute = 60_000

let server: PostgresServer
before(async () => {
  server = await startPostgresServer({ settings: { fsync: 'off' } })
})
after(() => server.close())

let runs = 0
let opened: KeyValue[] = []
async function open(options: Partial<PostgresStoreOptions>): Promise<KeyValue> {
  const store = await createPostgresStore({ url: server.url, commandTimeoutMs: 10_000, ...options })
  opened.push(store)
  return store
}
afterEach(async () => {
  for (const store of opened) await store.close()
  opened = []
})

const isRemembered = (store: KeyValue, key: string): boolean => {
  const answer = store.get(key)
  if (!(answer instanceof Promise)) return true
  answer.catch(() => {})
  return false
}

const openPair = async () => {
  const prefix = `run_${runs++}_`
  return { prefix, store: await open({ prefix }), peer: await open({ prefix }) }
}

describe('postgres store', () => {
  describeKeyValue('S10: key-value contract on postgres', async () => {
    const options = { url: server.url, prefix: `run_${runs++}_`, commandTimeoutMs: 10_000 }
    // At once: two processes that start together make the tables together.
    const [store, peer] = await Promise.all([
      createPostgresStore(options),
      createPostgresStore(options),
    ])
    return {
      store,
      peer,
      pass: (ms) => sleep(ms),
      close: async () => {
        await store.close()
        await peer.close()
      },
    }
  })

  it('S25: answers a repeated read without a query, until somebody changes the entry', async (t) => {
    const tap = await startTap(server.port)
    t.after(() => tap.close())
    const { prefix, peer } = await openPair()
    const url = server.url.replace(`:${server.port}/`, `:${tap.port}/`)
    const store = await open({ url, prefix })
    // Each use of the prepared statement names it.
    const queries = () => tap.sent().split(`${prefix}read\0`).length - 1
    await store.create('a', 'one', minute)
    await store.get('a')
    await eventually(async () => isRemembered(store, 'a'))
    const before = queries()
    for (let i = 0; i < 1000; i++) {
      assert.equal((await store.get('a'))?.value, 'one')
      if (i % 100 === 0) await sleep(20)
    }
    assert.equal(queries(), before)
    await peer.touch('a', 2 * minute)
    await eventually(async () => !isRemembered(store, 'a'))
    await eventually(async () => isRemembered(store, 'a'))
    assert.ok(queries() > before)
  })

  it('S25: every change is seen, and no reader goes back', async () => {
    const { store, peer } = await openPair()
    await peer.create('a', '0', minute)
    let reading = true
    const readers = Array.from({ length: 4 }, async () => {
      for (let last = 0; reading; await sleep(0)) {
        const version = (await store.get('a'))?.version ?? 0
        assert.ok(version >= last, `went back from ${last} to ${version}`)
        last = version
      }
    })
    for (let version = 1; version < 300; version++) {
      await peer.replace('a', version, `${version}`)
      // Not by `getFresh`, which would itself be remembered.
      await eventually(async () => (await store.get('a'))?.version === version + 1)
    }
    reading = false
    await Promise.all(readers)
  })

  it('S25: takes away what has expired, a little at a time, and nothing else', async () => {
    const { prefix, store } = await openPair()
    const count = async (table: string) =>
      Number((await postgresQuery(server.url, `SELECT count(*) FROM ${prefix}${table}`))[0]?.[0])
    for (let i = 0; i < 120; i++) await store.create(`old-${i}`, 'x', 1)
    await store.addMember('old', 'member', 1)
    await store.acquireLease('old', 'owner', 1)
    await store.create('alive', 'x', minute)
    await store.addMember('alive', 'member', minute)
    await sleep(10)
    assert.ok((await count('entries')) > 1)
    const other = await open({ prefix })
    await eventually(async () => {
      await other.touch('alive', minute)
      return (await count('entries')) === 1
    })
    await eventually(async () => (await count('sets')) + (await count('members')) === 2)
    await eventually(async () => (await count('leases')) === 0)
    assert.deepEqual(await store.members('alive'), ['member'])
  })
})
