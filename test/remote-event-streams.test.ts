import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { it } from 'node:test'
import { startRemote, startUpstream, until } from './support/remote-fixture.ts'

it('P11: ends a stream of events when its session ends, or the server, and no other', async () => {
  let streams = 0
  const upstream = await startUpstream((incoming, response) => {
    const type = incoming.url === '/events' ? 'text/event-stream' : 'text/plain'
    response.writeHead(200, { 'content-type': type }).flushHeaders()
    streams += 1
    response.on('close', () => {
      streams -= 1
    })
  })
  let signedIn = true
  let looks = 0
  const fixture = await startRemote({
    remotes: [{ target: upstream.origin, token: 'user-or-none' }],
    sessionCheckMs: 5,
    readSession(cookie, mode) {
      if (mode === 'peek') looks += 1
      if (!cookie?.includes('sid=') || !signedIn) return { kind: 'none' }
      return { kind: 'session', session: { record: { sub: 'alice' } } as never }
    },
  })
  const open = async (path: string, cookie: string) => {
    const socket = connect(fixture.port, '127.0.0.1')
    const stream = { isOpen: true, socket }
    socket.on('error', () => undefined)
    socket.on('close', () => {
      stream.isOpen = false
    })
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nx-csrf: 1\r\ncookie: ${cookie}\r\n\r\n`)
    await once(socket, 'data')
    socket.resume()
    return stream
  }
  const hers = await open('/api/remote/api/events', 'sid=alice')
  const strangers = await open('/api/remote/api/events', 'other=1')
  const download = await open('/api/remote/api/file', 'sid=alice')
  await until(() => looks > 3)
  assert.deepEqual([hers.isOpen, strangers.isOpen, streams], [true, true, 3])
  signedIn = false
  await until(() => !hers.isOpen && streams === 2)
  assert.deepEqual([strangers.isOpen, download.isOpen], [true, true])
  fixture.remote.endOpenEnded()
  await until(() => !strangers.isOpen && streams === 1)
  assert.equal(download.isOpen, true)
  download.socket.destroy()
  await fixture.idle()
  const aborts = fixture.events.filter(({ event }) => event === 'remote.aborted')
  assert.deepEqual(
    aborts.map(({ fields }) => fields.by),
    ['server', 'server', 'client'],
  )
  await fixture.close()
  await upstream.close()
})
