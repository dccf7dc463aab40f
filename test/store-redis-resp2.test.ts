import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeKeyValue } from '#lib/store/contract.ts'
import { type KeyValue, StoreUnavailableError } from '#lib/store/key-value.ts'
import { createRedisStore, type RedisStoreOptions } from '#lib/store/redis.ts'
import { type RedisServer, startRedisServer } from './support/redis-server.ts'

const minute = 60_000

describe('A11: a server that knows no RESP3', () => {
  let runs = 0
  let server: RedisServer
  before(async () => {
    const args = ['--rename-command', 'HELLO', '', '--requirepass', 'a password']
    server = await startRedisServer({ args })
  })
  after(() => server.close())
  const options = () => ({
    url: server.url.replace('//', '//:a%20password@'),
    prefix: `run-${runs++}:`,
    commandTimeoutMs: 10_000,
  })

  const opened: KeyValue[] = []
  function open(changes: Partial<RedisStoreOptions> = {}): KeyValue {
    const store = createRedisStore({ ...options(), ...changes })
    opened.push(store)
    return store
  }
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  describeKeyValue('S10: key-value contract on redis over RESP2', async () => {
    const shared = options()
    const [store, peer] = [createRedisStore(shared), createRedisStore(shared)]
    return {
      store,
      peer,
      remembers: false,
      pass: (ms) => sleep(ms),
      close: async () => {
        await store.close()
        await peer.close()
      },
    }
  })

  it('A11: is asked at every read', async () => {
    const store = open()
    await store.create('a', 'one', minute)
    for (let round = 0; round < 3; round++) {
      const asked = store.get('a')
      assert.ok(asked instanceof Promise)
      await asked
    }
  })

  it('A11: a wrong password is an outage, and no other way is found', async () => {
    const store = open({ url: server.url.replace('//', '//:wrong@') })
    await assert.rejects(async () => store.ping(), StoreUnavailableError)
  })
})
