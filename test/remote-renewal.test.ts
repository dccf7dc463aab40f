import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { request } from './support/raw-http.ts'
import { startRemote, until } from './support/remote-fixture.ts'

const periodMs = 30_000

it('P7: an API whose name leads to another address is found there, and nothing breaks', async (t) => {
  const streams: ServerResponse[] = []
  const start = async (address: string, port: number): Promise<Server | undefined> => {
    const server = createServer((incoming, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      if (incoming.url !== '/stream') return void response.end(address)
      response.write('begun ')
      streams.push(response)
    })
    server.listen(port, address)
    const failed = await Promise.race([
      once(server, 'listening').then(() => false),
      once(server, 'error').then(() => true),
    ])
    return failed ? undefined : server
  }
  const first = (await start('127.0.0.1', 0)) as Server
  const { port } = first.address() as AddressInfo
  const second = await start('127.0.0.2', port)
  if (!second) {
    first.close()
    return t.skip('this system has one loopback address only')
  }

  let open = 0
  first.on('connection', (socket) => {
    open += 1
    socket.on('close', () => {
      open -= 1
    })
  })
  let address = '127.0.0.1'
  t.mock.method(dns, 'lookup', ((_name: string, _options: object, found: unknown) => {
    const answer = found as (error: null, all: dns.LookupAddress[]) => void
    process.nextTick(answer, null, [{ address, family: 4 }])
  }) as typeof dns.lookup)
  t.mock.timers.enable({ apis: ['setInterval'] })
  const fixture = await startRemote({ remotes: [{ target: `http://api.test:${port}` }] })
  const get = async (path: string) => {
    const { status, body, complete } = await request(fixture.port, `/api/remote/api/${path}`)
    return { status, body, complete }
  }
  const from = (body: string) => ({ status: 200, body, complete: true })

  const stream = get('stream')
  await until(() => streams.length === 1)
  assert.deepEqual(await get('x'), from('127.0.0.1'))
  address = '127.0.0.2'
  assert.deepEqual(await get('x'), from('127.0.0.1'), 'its connection is still used')
  t.mock.timers.tick(periodMs)
  t.mock.timers.tick(periodMs)
  assert.deepEqual(await get('x'), from('127.0.0.2'))

  // A body under way stays with its connection, which is used by nobody afterwards.
  streams[0]?.end('ended')
  assert.deepEqual(await stream, from('begun ended'))
  for (const answer of await Promise.all([get('x'), get('x'), get('x')])) {
    assert.deepEqual(answer, from('127.0.0.2'))
  }
  await until(() => open === 0)

  await fixture.close()
  for (const server of [first, second]) server.close()
})
