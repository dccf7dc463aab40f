import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createHostRequest } from './host-request.ts'

describe('a request whose headers are parsed on demand', () => {
  const received: IncomingMessage[] = []
  const OnDemand = createHostRequest(({ url }) => url?.startsWith('/api/remote/') ?? false)
  const server = createServer({ IncomingMessage: OnDemand }, (request, response) => {
    received.push(request)
    response.end()
  })
  before(() => once(server.listen(0, '127.0.0.1'), 'listening'))
  after(() => server.close())

  async function send(target: string, lines: string[]): Promise<string> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write([`GET ${target} HTTP/1.1`, ...lines, 'Connection: close', '\r\n'].join('\r\n'))
    let text = ''
    for await (const chunk of socket.setEncoding('latin1')) text += chunk
    return text.slice(0, text.indexOf('\r\n'))
  }

  async function headersAt(target: string, lines: string[]): Promise<IncomingHttpHeaders> {
    await send(target, lines)
    return (received.pop() as IncomingMessage).headers
  }

  const lines = [
    ...['Host: one', 'Host: two', 'Cookie: a=1', 'cookie: b=2', 'X-List: 1', 'x-list: 2'],
    ...['Traceparent: 00-1', 'User-Agent: first', 'user-agent: second', 'X-Empty:'],
  ]

  it('has them for whoever asks, in every way to ask', async () => {
    const plain = await headersAt('/page', lines)
    const ours = await headersAt('/api/remote/api/x', lines)
    assert.deepEqual({ ...ours }, { ...plain })
    assert.deepEqual(Object.keys(ours), Object.keys(plain))
    assert.equal(JSON.stringify(ours), JSON.stringify(plain))
    for (const name of [...Object.keys(plain), 'expect', 'x-none', 'toString']) {
      assert.equal(ours[name], plain[name], name)
      assert.equal(name in ours, name in plain, name)
      assert.equal(Object.hasOwn(ours, name), Object.hasOwn(plain, name), name)
    }
    assert.equal(ours.host, 'one')
  })

  it('keeps what is changed in them', async () => {
    await send('/api/remote/api/x', lines)
    const request = received.pop() as IncomingMessage
    request.headers['x-added'] = 'new'
    delete request.headers['x-list']
    Object.defineProperty(request.headers, 'x-defined', { value: 'too', configurable: true })
    assert.equal(request.headers['x-added'], 'new')
    assert.equal(request.headers['x-list'], undefined)
    assert.equal(request.headers['x-defined'], 'too')
  })

  for (const target of ['/page', '/api/remote/api/x']) {
    it(`leaves Node its own checks: ${target}`, async () => {
      assert.match(await send(target, []), / 400 /)
      assert.match(await send(target, ['host: a']), / 200 /)
      assert.match(await send(target, ['Host: a', 'EXPECT: 200-maybe']), / 417 /)
      assert.match(await send(target, ['Host: a', 'Expect: 100-continue']), / 100 /)
    })
  }
})
