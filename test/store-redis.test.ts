import { after, before, describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeKeyValue } from '#lib/store/contract.ts'
import { createRedisStore } from '#lib/store/redis.ts'
import { type RedisServer, startRedisServer } from './support/redis-server.ts'

describe('redis store', () => {
  let server: RedisServer
  let runs = 0
  before(async () => {
    server = await startRedisServer()
  })
  after(() => server.close())

  describeKeyValue('redis', async () => {
    const prefix = `run-${runs++}:`
    const store = createRedisStore({ url: server.url, prefix })
    const peer = createRedisStore({ url: server.url, prefix })
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
})
