import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeKeyValue } from '#lib/store/contract.ts'
import { eventually } from '#lib/store/contract-support.ts'
import { type KeyValue, StoreUnavailableError } from '#lib/store/key-value.ts'
import { createRedisStore, type RedisStoreOptions } from '#lib/store/redis.ts'
import { type RedisServer, startRedisServer } from './support/redis-server.ts'
import { startTcpProxy } from './support/tcp-proxy.ts'

const minute = 60_000

let runs = 0
let opened: KeyValue[] = []
function open(options: RedisStoreOptions): KeyValue {
  const store = createRedisStore(options)
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

describe('redis store', () => {
  let server: RedisServer
  before(async () => {
    server = await startRedisServer()
  })
  after(() => server.close())

  describeKeyValue('S10: key-value contract on redis', async () => {
    const options = { url: server.url, prefix: `run-${runs++}:`, commandTimeoutMs: 10_000 }
    const store = createRedisStore(options)
    const peer = createRedisStore(options)
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

  const openPair = () => {
    const options = { url: server.url, prefix: `run-${runs++}:`, commandTimeoutMs: 10_000 }
    return { store: open(options), peer: open(options) }
  }

  it('answers a repeated read without asking, until somebody changes the entry', async () => {
    const { store, peer } = openPair()
    await store.create('a', 'one', minute)
    const entry = await store.get('a')
    assert.equal(store.get('a'), entry)
    await peer.touch('a', 2 * minute)
    await eventually(async () => !isRemembered(store, 'a'))
    await eventually(async () => isRemembered(store, 'a'))
  })

  it('what was written before the last round trip of a connection is never missed on it', async () => {
    const { store, peer } = openPair()
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
      await store.ping()
      const seen = await store.get('a')
      assert.equal(seen?.version, version + 1)
    }
    reading = false
    await Promise.all(readers)
  })

  it('S7: a deletion is answered one round trip late, for the report of it to arrive first', async () => {
    const { peer } = openPair()
    const pings = async (): Promise<number> => {
      const stats = await command(server, ['INFO', 'commandstats'])
      return Number(/cmdstat_ping:calls=(\d+)/.exec(stats)?.[1] ?? 0)
    }
    await peer.create('a', 'one', minute)
    const before = await pings()
    assert.equal(await peer.delete('a'), true)
    assert.equal(await pings(), before + 1)
  })

  it('forgets everything when the database is flushed', async () => {
    const { store } = openPair()
    await store.create('a', 'one', minute)
    await store.get('a')
    await command(server, ['FLUSHALL'])
    await eventually(async () => (await store.get('a')) === undefined)
    assert.equal(await store.create('a', 'two', minute), true)
  })

  it('loads its scripts again when the server has forgotten them', async () => {
    const { store } = openPair()
    await store.create('a', 'one', minute)
    await command(server, ['SCRIPT', 'FLUSH'])
    assert.equal(await store.replace('a', 1, 'two'), 2)
    assert.equal((await store.get('a'))?.value, 'two')
  })

  it('signs in with user, password and database of the URL', async () => {
    await command(server, ['ACL', 'SETUSER', 'app', 'on', '>p@ss/word', '~*', '+@all'])
    const url = server.url.replace('//', `//app:${encodeURIComponent('p@ss/word')}@`)
    const store = open({ url: `${url}/3`, prefix: 'signed-in:' })
    assert.equal(await store.create('a', 'one', minute), true)
    const elsewhere = open({ url: server.url, prefix: 'signed-in:' })
    assert.equal(await elsewhere.get('a'), undefined)
    const stranger = open({ url: server.url.replace('//', '//app:wrong@') })
    await assert.rejects(stranger.ping(), StoreUnavailableError)
  })

  it('asks every time where the server does not allow client-side caching', async () => {
    const rules = ['on', '>secret', '~*', '+@all', '-client|tracking']
    await command(server, ['ACL', 'SETUSER', 'limited', ...rules])
    const store = open({ url: server.url.replace('//', '//limited:secret@') })
    assert.equal(await store.create('limited', 'one', minute), true)
    for (let i = 0; i < 3; i++) {
      const answer = store.get('limited')
      assert.ok(answer instanceof Promise)
      assert.equal((await answer)?.value, 'one')
    }
  })

  it('a refused command is an outage of the store, and says nothing about the key', async () => {
    await command(server, ['ACL', 'SETUSER', 'blind', 'on', '>secret', '~*', '+@all', '-hmget'])
    const store = open({ url: server.url.replace('//', '//blind:secret@') })
    await assert.rejects(async () => store.get('a'), StoreUnavailableError)
    await store.ping()
  })
})

describe('redis store, S8: outages', () => {
  let server: RedisServer
  before(async () => {
    server = await startRedisServer()
  })
  after(() => server.close())

  const impatient = () => ({ prefix: `run-${runs++}:`, commandTimeoutMs: 800, trustMs: 200 })

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

  const answers = (store: KeyValue): Promise<void> =>
    eventually(async () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    )

  it('a frozen server: every operation fails soon, and works again by itself afterwards', async (t) => {
    const store = open({ url: server.url, ...impatient() })
    await store.create('a', 'one', minute)
    await store.get('a')
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
    const store = open({ url: server.url, ...impatient() })
    await unavailable(store)
    server.thaw()
    await answers(store)
  })

  it('a killed server: nothing remembered is answered, and a restarted one is found', async () => {
    const store = open({ url: server.url, ...impatient(), trustMs: minute })
    await store.create('a', 'one', minute)
    await store.get('a')
    assert.ok(isRemembered(store, 'a'))
    await server.kill()
    await eventually(async () => !isRemembered(store, 'a'))
    await unavailable(store)
    await server.restart()
    await answers(store)
    assert.equal(await store.get('a'), undefined)
    assert.equal(await store.create('a', 'two', minute), true)
    assert.equal((await store.get('a'))?.value, 'two')
  })

  it('a network that swallows everything: a sign-out elsewhere is not missed for longer than the trust', async (t) => {
    const proxy = await startTcpProxy(server.port)
    t.after(() => proxy.close())
    const options = impatient()
    const store = open({ ...options, url: `redis://127.0.0.1:${proxy.port}` })
    const peer = open({ url: server.url, prefix: options.prefix, commandTimeoutMs: 10_000 })
    await store.create('a', 'one', minute)
    await store.get('a')
    proxy.stall()
    await peer.delete('a')
    await eventually(async () => !isRemembered(store, 'a'))
    for (let i = 0; i < 3; i++) {
      await assert.rejects(async () => store.get('a'), StoreUnavailableError)
    }
    proxy.flow()
    await answers(store)
    assert.equal(await store.get('a'), undefined)
    assert.ok(proxy.connections() > 1, 'the silent connection was given up')
  })

  it('a server that became a replica: unavailable until the address leads to a primary', async () => {
    const store = open({ url: server.url, ...impatient() })
    await store.create('a', 'one', minute)
    await command(server, ['REPLICAOF', '127.0.0.1', '1'])
    await assert.rejects(store.replace('a', 1, 'two'), StoreUnavailableError)
    await assert.rejects(store.replace('a', 1, 'two'), StoreUnavailableError)
    await command(server, ['REPLICAOF', 'NO', 'ONE'])
    await answers(store)
    assert.equal(await store.replace('a', 1, 'two'), 2)
  })

  it('a pause of this process is not taken for an outage', async () => {
    const store = open({ url: server.url, ...impatient() })
    await store.create('a', 'one', minute)
    const reading = store.getFresh('a')
    // Right after the command was written; the answer comes during the pause, and so does the deadline.
    setImmediate(() => pauseProcess(1200))
    assert.equal((await reading)?.value, 'one')
  })

  it('a closed store is unavailable, and does not come back', async () => {
    const store = open({ url: server.url, ...impatient() })
    await store.create('a', 'one', minute)
    await store.get('a')
    await store.close()
    await unavailable(store)
  })
})

function pauseProcess(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** Runs one command past our own code, as an operator would. */
async function command({ port }: RedisServer, args: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const bulk = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')
  socket.end(`*${args.length}\r\n${bulk}*1\r\n$4\r\nQUIT\r\n`)
  let reply = ''
  for await (const chunk of socket) reply += chunk
  assert.doesNotMatch(reply, /^-/)
  return reply
}
