import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '#lib/store/contract-support.ts'
import { type KeyValue, StoreUnavailableError } from '#lib/store/key-value.ts'
import { createPostgresStore, type PostgresStoreOptions } from '#lib/store/postgres.ts'
import { freePort } from './support/free-port.ts'
import {
  type PostgresServer,
  postgresQuery,
  startPostgresServer,
} from './support/postgres-server.ts'
import { startTcpProxy } from './support/tcp-proxy.ts'

const minute = 60_000

let server: PostgresServer
before(async () => {
  server = await startPostgresServer()
})
after(() => server.close())

let runs = 0
let opened: KeyValue[] = []
async function open(options: Partial<PostgresStoreOptions> = {}): Promise<KeyValue> {
  const impatient = { prefix: `run_${runs++}_`, commandTimeoutMs: 800, trustMs: 200 }
  const store = await createPostgresStore({ url: server.url, ...impatient, ...options })
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

/** Read and remembered: changes of it are told from here on. */
async function remember(store: KeyValue, key: string): Promise<void> {
  await store.create(key, 'one', minute)
  await eventually(async () => isRemembered(store, key))
}

async function unavailable(store: KeyValue): Promise<void> {
  await assert.rejects(async () => store.get('a'), StoreUnavailableError)
  await assert.rejects(store.getFresh('a'), StoreUnavailableError)
  await assert.rejects(store.create('b', 'one', minute), StoreUnavailableError)
  await assert.rejects(store.replace('a', 1, 'two'), StoreUnavailableError)
  await assert.rejects(store.touch('a', minute), StoreUnavailableError)
  await assert.rejects(store.delete('never there'), StoreUnavailableError)
  await assert.rejects(store.members('set'), StoreUnavailableError)
  await assert.rejects(store.acquireLease('lease', 'owner', minute), StoreUnavailableError)
  await assert.rejects(store.ping(), StoreUnavailableError)
}

/** Ends connections as an administrator would, and waits until they are gone. */
async function end(which: string): Promise<void> {
  const pids = await postgresQuery(
    server.url,
    `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${which}`,
  )
  assert.equal(pids.length, 1)
  const alive = `SELECT 1 FROM pg_stat_activity WHERE pid = ${pids[0]?.[0]}`
  await eventually(async () => (await postgresQuery(server.url, alive)).length === 0)
}

/** Stops one process of the server until the test is over. */
async function hang(t: TestContext, which: string): Promise<void> {
  const select = `SELECT pid FROM pg_stat_activity WHERE ${which}`
  const pids = (await postgresQuery(server.url, select)).map(([pid]) => Number(pid))
  assert.equal(pids.length, 1)
  for (const pid of pids) {
    process.kill(pid, 'SIGSTOP')
    t.after(() => process.kill(pid, 'SIGCONT'))
  }
}

const answers = (store: KeyValue): Promise<void> =>
  eventually(async () =>
    store.ping().then(
      () => true,
      () => false,
    ),
  )

describe('postgres store, S8: outages', () => {
  it('a frozen server: every operation fails soon, and works again by itself afterwards', async (t) => {
    const store = await open()
    await remember(store, 'a')
    server.freeze()
    t.after(() => server.thaw())
    // What is remembered is answered for the time of trust: nobody can have changed it meanwhile.
    await eventually(async () => !isRemembered(store, 'a'))
    await unavailable(store)
    server.thaw()
    await answers(store)
    assert.equal((await store.get('a'))?.value, 'one')
  })

  it('a server frozen from the start is no different', async (t) => {
    server.freeze()
    t.after(() => server.thaw())
    const store = await open()
    await unavailable(store)
    server.thaw()
    await answers(store)
    assert.equal(await store.create('a', 'one', minute), true)
  })

  it('a server that is not there at the start is found when it is', async () => {
    const port = await freePort()
    const store = await open({ url: server.url.replace(`:${server.port}/`, `:${port}/`) })
    await unavailable(store)
    const proxy = await startTcpProxy(server.port, port)
    await answers(store)
    await remember(store, 'a')
    await proxy.close()
  })

  it('a killed server: nothing remembered is answered, and a restarted one is found with its data', async () => {
    const store = await open({ trustMs: minute })
    await remember(store, 'a')
    await server.kill()
    await eventually(async () => !isRemembered(store, 'a'))
    await unavailable(store)
    await server.restart()
    await answers(store)
    assert.equal((await store.get('a'))?.value, 'one')
    await eventually(async () => isRemembered(store, 'a'))
  })

  it('a network that swallows everything: a sign-out elsewhere is not missed for longer than the trust', async (t) => {
    const proxy = await startTcpProxy(server.port)
    t.after(() => proxy.close())
    const prefix = `run_${runs++}_`
    const store = await open({ prefix, url: server.url.replace(/:\d+\//, `:${proxy.port}/`) })
    const peer = await open({ prefix, commandTimeoutMs: 10_000 })
    await remember(store, 'a')
    const before = proxy.connections()
    proxy.stall()
    await peer.delete('a')
    await eventually(async () => !isRemembered(store, 'a'))
    for (let i = 0; i < 3; i++) {
      await assert.rejects(async () => store.get('a'), StoreUnavailableError)
    }
    proxy.flow()
    await answers(store)
    assert.equal(await store.get('a'), undefined)
    assert.ok(proxy.connections() > before, 'the silent connections were given up')
  })

  it('the loss of the listening connection forgets what was remembered, and it is made anew', async () => {
    const store = await open({ trustMs: minute })
    await remember(store, 'a')
    await end(`application_name = 'cloakroom, listening'`)
    await eventually(async () => !isRemembered(store, 'a'))
    await answers(store)
    await eventually(async () => isRemembered(store, 'a'))
  })

  it('tables that were dropped are made anew', async () => {
    const prefix = `run_${runs++}_`
    const store = await open({ prefix })
    await store.create('a', 'one', minute)
    const tables = ['entries', 'sets', 'members', 'leases'].map((name) => prefix + name)
    await postgresQuery(server.url, `DROP TABLE ${tables.join(', ')}`)
    await assert.rejects(store.getFresh('a'), StoreUnavailableError)
    await eventually(async () => store.create('a', 'two', minute).catch(() => false))
  })

  it('an idle connection that the server closes is not missed', async () => {
    const store = await open()
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.getFresh(`${i}`)))
    await end(`pid = (SELECT max(pid) FROM pg_stat_activity WHERE application_name = 'cloakroom')`)
    // The farewell has been sent by then, and is read before anything is asked again.
    await sleep(50)
    for (let i = 0; i < 20; i++) await store.getFresh('a')
  })

  it('a listening connection that hangs by itself is given up, and another one is made', async (t) => {
    const store = await open()
    await remember(store, 'a')
    await hang(t, `application_name = 'cloakroom, listening'`)
    await eventually(async () => !isRemembered(store, 'a'))
    // While the others answer.
    assert.equal((await store.getFresh('a'))?.value, 'one')
    await eventually(async () => isRemembered(store, 'a'))
  })

  it('a connection that hangs by itself is given up, and the others do the work', async (t) => {
    const store = await open()
    const all = () => Promise.allSettled(Array.from({ length: 40 }, () => store.getFresh('a')))
    const count = `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'cloakroom'`
    await eventually(async () => {
      await all()
      return (await postgresQuery(server.url, count))[0]?.[0] === 4
    })
    await hang(
      t,
      `pid = (SELECT max(pid) FROM pg_stat_activity WHERE application_name = 'cloakroom')`,
    )
    const failed = (answers: PromiseSettledResult<unknown>[]) =>
      answers.filter(({ status }) => status === 'rejected').length
    assert.ok(failed(await all()) > 0, 'what was sent to it')
    await eventually(async () => failed(await all()) === 0)
  })

  it('a closed store is unavailable, and does not come back', async () => {
    const store = await open()
    await remember(store, 'a')
    await store.close()
    await unavailable(store)
  })
})

describe('postgres store, A37: what PostgreSQL refuses at the start', () => {
  let guarded: PostgresServer
  const as = (user: string, password: string, database = 'postgres') =>
    `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${guarded.port}/${database}`
  before(async () => {
    guarded = await startPostgresServer({
      access: ['host all app 127.0.0.1/32 scram-sha-256', 'host all barred 127.0.0.1/32 reject'],
    })
    await postgresQuery(
      guarded.url,
      `CREATE ROLE app LOGIN PASSWORD 'p@ss/word'; CREATE ROLE barred LOGIN PASSWORD 'x';
       CREATE SCHEMA theirs; GRANT USAGE ON SCHEMA theirs TO app;
       ALTER ROLE app SET search_path = theirs`,
    )
  })
  after(() => guarded.close())

  const refused = async (url: string) => {
    const { postgresRefusal } = await import('#lib/store/postgres-refusal.ts')
    const cause = await createPostgresStore({ url }).then(
      async (store) => store.close(),
      (error: unknown) => error,
    )
    return postgresRefusal(cause)?.problem
  }

  it('A37: a wrong password, user or database, and a right that is missing, are told apart', async () => {
    assert.match(String(await refused(as('app', 'wrong'))), /user or password/)
    assert.match(String(await refused(as('nobody', 'x'))), /does not let in/)
    assert.match(String(await refused(as('barred', 'x'))), /does not let in/)
    assert.match(String(await refused(as('postgres', 'x', 'nowhere'))), /does not exist/)
    assert.match(String(await refused(as('app', 'p@ss/word'))), /lacks CREATE on schema theirs/)
  })

  it('a role that may create nothing works where the tables are there, once it may use them', async () => {
    const { tableDefinitions } = await import('#lib/store/postgres-tables.ts')
    await postgresQuery(guarded.url, `SET search_path = theirs; ${tableDefinitions('cloakroom_')}`)
    const lacks = String(await refused(as('app', 'p@ss/word')))
    assert.match(lacks, /lacks SELECT on table cloakroom_entries/)
    await postgresQuery(
      guarded.url,
      'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA theirs TO app',
    )
    const store = await open({ url: as('app', 'p@ss/word'), prefix: 'cloakroom_' })
    await remember(store, 'a')
    assert.equal(await store.replace('a', 1, 'two'), 2)
    await store.addMember('set', 'member', minute)
    assert.equal(await store.delete('a'), true)
  })
})
