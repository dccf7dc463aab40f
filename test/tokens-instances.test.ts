import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, beforeEach, describe, test } from 'node:test'
import { listen } from './support/app.ts'
import { createHttpBrowser } from './support/http-browser.ts'
import { call, type Instances, startInstances } from './support/instances.ts'
import { type RedisServer, startRedisServer } from './support/redis-server.ts'

describe('machine tokens of three processes on one Redis server', () => {
  let redis: RedisServer
  let instances: Instances
  /** What the API was sent, by path. */
  const seen = new Map<string, string[]>()
  const api = createServer((request, response) => {
    const path = request.url ?? ''
    seen.set(path, [...(seen.get(path) ?? []), String(request.headers.authorization)])
    response.end('ok')
  })

  before(async () => {
    redis = await startRedisServer()
    const target = await listen(api)
    const remote = (client: string) => ({ target, token: 'client' as const, client })
    instances = await startInstances({
      hosts: ['node', 'node', 'node'],
      env: { BFF_STORE: 'redis', REDIS_URL: redis.url },
      config: {
        remotes: { plain: remote('plain'), one: remote('one'), two: remote('two') },
        clients: {
          plain: { scope: 'catalog' },
          one: { scope: 'prices', parameters: { tenant: 'one' } },
          two: { scope: 'prices', parameters: { tenant: 'two' } },
        },
      },
    })
  })
  after(async () => {
    await instances.close()
    await redis.close()
    api.closeAllConnections()
    api.close()
  })
  beforeEach(() => {
    // Long enough for all of the calls to be under way before there is a token.
    instances.provider.override('token', async (_, usual) => ({
      ...(await usual()),
      delayMs: 1500,
    }))
  })

  const requests = () => instances.provider.tokenRequests('client_credentials')

  /** Calls each remote so many times on each process, all at once, as nobody in particular. */
  async function callAll(remotes: string[], times: number): Promise<void> {
    const answers = await Promise.all(
      instances.all.flatMap((instance) =>
        remotes.flatMap((remote) =>
          Array.from({ length: times }, () => {
            const browser = createHttpBrowser()
            return call(instance, browser, `/api/remote/${remote}/${remote}`)
          }),
        ),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    assert.deepEqual(statuses, Array(statuses.length).fill(200))
  }

  test('T9: 1002 first uses at once make one token request', async () => {
    await callAll(['plain'], 334)
    assert.equal(requests().length, 1)
    const tokens = seen.get('/plain') ?? []
    assert.equal(tokens.length, 1002)
    assert.equal(new Set(tokens).size, 1)
    assert.match(tokens[0] ?? '', /^Bearer access-/)
    assert.equal(instances.events('lease.lost').length, 0)
  })

  test('T9: two clients that differ in one extra parameter make two, and never share a token', async () => {
    const earlier = requests().length
    await callAll(['one', 'two'], 50)
    const sent = requests().slice(earlier)
    assert.deepEqual(sent.map((it) => it.get('tenant')).sort(), ['one', 'two'])
    assert.deepEqual([...new Set(sent.map((it) => it.get('scope')))], ['prices'])
    const [one, two] = ['/one', '/two'].map((path) => new Set(seen.get(path)))
    assert.deepEqual([one?.size, two?.size], [1, 1])
    assert.notDeepEqual(one, two)
  })
})
