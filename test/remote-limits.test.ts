import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { request } from './support/raw-http.ts'
import { Caller } from './support/remote-caller.ts'
import { startRawUpstream, startRemote, startUpstream, until } from './support/remote-fixture.ts'

describe('P33: the body of a request that no remote takes', () => {
  for (const remote of ['nope', 'a%2fb']) {
    it(`is not read for long (${remote})`, async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const upstream = await startUpstream()
      const fixture = await startRemote({ remotes: [{ target: upstream.origin, token: 'none' }] })
      const lines = ['content-length', '99999999999']
      const caller = new Caller(fixture, { method: 'POST', lines, remote })
      assert.ok([400, 404].includes(caller.status))
      caller.source.push('x')
      t.mock.timers.tick(5000)
      assert.equal(caller.source.destroyed, true)
      t.mock.timers.reset()
      await fixture.close()
      await upstream.close()
    })
  }
})

/** An API that answers nobody until it is let. */
async function startSilent() {
  const upstream = await startUpstream((_, response) => void waiting.push(() => response.end('ok')))
  const waiting: (() => void)[] = []
  return { upstream, waiting }
}

describe('P17: who only announces a body takes no place', () => {
  for (const [title, lines] of [
    ['of a few bytes', ['content-length', '10']],
    ['of many', ['content-length', '10000000']],
    ['of any length', ['transfer-encoding', 'chunked']],
  ] as const) {
    it(`${title}: 5,000 of them hinder nobody`, async () => {
      const upstream = await startUpstream()
      const fixture = await startRemote({ remotes: [{ target: upstream.origin, token: 'none' }] })
      const idle = Array.from(
        { length: 5000 },
        () => new Caller(fixture, { method: 'POST', lines: [...lines] }),
      )
      assert.equal(fixture.remote.inFlight, 5000)
      const answer = await request(fixture.port, '/api/remote/api/x')
      assert.deepEqual([answer.status, answer.body], [200, '{"ok":true}'])
      const sameAddress = new Caller(fixture, {})
      await until(() => sameAddress.status === 200)
      assert.equal(upstream.requests.length, 2)
      for (const caller of idle) caller.destroy()
      await fixture.idle()
      await fixture.close()
      await upstream.close()
    })
  }

  it('the body that comes at last arrives whole', async () => {
    const upstream = await startUpstream((incoming, response) => incoming.pipe(response))
    const fixture = await startRemote({ remotes: [{ target: upstream.origin, token: 'none' }] })
    for (const lines of [
      ['content-length', '70000'],
      ['transfer-encoding', 'chunked'],
    ]) {
      const caller = new Caller(fixture, { method: 'POST', lines })
      let received = 0
      caller.write = (chunk?: Buffer) => {
        received += chunk?.length ?? 0
        return true
      }
      caller.end = (chunk) => {
        received += Buffer.byteLength(chunk ?? '')
        setImmediate(() => caller.emit('close'))
      }
      for (let i = 0; i < 7; i += 1) caller.source.push('x'.repeat(10_000))
      caller.source.push(null)
      await until(() => received === 70_000)
    }
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })
})

describe('P17: calls in flight', () => {
  it('begin with the first byte of a body, however small and slow it is', async () => {
    const { upstream } = await startSilent()
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin, token: 'none' }],
      limits: { perAddress: 2, perSession: 100 },
    })
    for (const lines of [
      ['content-length', '65536'],
      ['content-length', '10000000'],
    ]) {
      const slow = [1, 2].map(() => new Caller(fixture, { method: 'POST', lines }))
      assert.equal(fixture.remote.inFlight, 2)
      for (const caller of slow) caller.source.push('x')
      await until(() => slow.every(({ source }) => source.readableLength === 0))
      await new Promise(setImmediate)
      assert.equal(new Caller(fixture, {}).code, 'too_many_requests')
      const third = new Caller(fixture, { method: 'POST', lines })
      third.source.push('x')
      await until(() => third.code === 'too_many_requests')
      const other = new Caller(fixture, { from: '203.0.113.2' })
      assert.equal(other.code, undefined)
      for (const caller of [...slow, other]) caller.destroy()
      await fixture.idle()
    }
    await fixture.close()
    await upstream.close()
  })

  it('of one IPv6 network count as one client’s, however its addresses are written', async () => {
    const { upstream, waiting } = await startSilent()
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin, token: 'none' }],
      limits: { perAddress: 1, perSession: 100 },
    })
    const codeOf = (from: string) => new Caller(fixture, { from }).code
    assert.equal(codeOf('2001:db8:1:1::1'), undefined)
    for (const from of ['2001:db8:1:1::2', '2001:db8:1:1:ffff:0:0:1', '2001:DB8:1:1::1.2.3.4']) {
      assert.equal(codeOf(from), 'too_many_requests', from)
    }
    for (const from of ['2001:db8:1:2::1', '2001:db8:1::1', '2001:db8::1:1:0:0:1']) {
      assert.equal(codeOf(from), undefined, from)
    }
    await until(() => waiting.length === 4)
    for (const answer of waiting) answer()
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('are limited by session', async () => {
    const { upstream, waiting } = await startSilent()
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin }],
      limits: { perAddress: 100, perSession: 2 },
    })
    const call = (user: string, from: string) => new Caller(fixture, { user, from })
    const first = [call('alice', '203.0.113.1'), call('alice', '203.0.113.2')]
    const third = call('alice', '203.0.113.3')
    const { code, status, headers } = third
    assert.deepEqual([status, code], [429, 'too_many_requests'])
    assert.equal(headers[headers.indexOf('retry-after') + 1], '4')
    call('bob', '203.0.113.1')
    await until(() => waiting.length === 3)
    for (const answer of waiting.splice(0)) answer()
    await until(() => first.every((it) => it.status === 200))
    await fixture.idle()
    call('alice', '203.0.113.1')
    await until(() => waiting.length === 1)
    waiting[0]?.()
    await fixture.idle()
    await fixture.close()
    await upstream.close()
  })

  it('are limited by the address of the client, which a named front tells', async () => {
    const { upstream, waiting } = await startSilent()
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin, token: 'none' }],
      trustProxy: ['10.0.0.0/8', '198.51.100.7'],
      limits: { perAddress: 2, perSession: 100 },
    })
    const behind = (front: string, list: string) =>
      new Caller(fixture, { from: front, lines: ['x-forwarded-for', list] })
    const direct = () => new Caller(fixture, { from: '::ffff:203.0.113.9' })
    const refused = (it: Caller) => it.code === 'too_many_requests'
    assert.deepEqual([direct(), direct(), direct()].map(refused), [false, false, true])
    // One client, through either front, whatever it writes itself.
    const one = [
      behind('10.0.0.1', '203.0.113.5'),
      behind('198.51.100.7', '1.2.3.4, 203.0.113.5, 10.0.0.2'),
      behind('10.0.0.1', '9.9.9.9, 203.0.113.5'),
    ]
    assert.deepEqual(one.map(refused), [false, false, true])
    assert.equal(refused(behind('10.0.0.1', '203.0.113.6')), false)
    // Whom nobody named is not believed.
    const strangers = ['a', 'b', 'c'].map((it) => behind('203.0.113.77', `192.0.2.1, ${it}`))
    assert.deepEqual(strangers.map(refused), [false, false, true])
    // A front that tells no client is not taken for one.
    const untold = [1, 2, 3].map(() => new Caller(fixture, { from: '10.0.0.1' }))
    assert.deepEqual(untold.map(refused), [false, false, false])
    await until(() => waiting.length === 10)
    for (const answer of waiting) answer()
    await fixture.idle()
    assert.deepEqual(
      fixture.events.filter(({ event }) => event === 'misconfiguration'),
      [],
    )
    await fixture.close()
    await upstream.close()
  })

  it('are not limited by an address that is a front nobody named, which is told once', async () => {
    const { upstream, waiting } = await startSilent()
    const fixture = await startRemote({
      remotes: [{ target: upstream.origin, token: 'none' }],
      limits: { perAddress: 1, perSession: 1 },
    })
    const fronts = [
      ...['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.1'],
      ...['192.168.1.1', '169.254.1.1', '100.64.0.1', 'fd12:3456::1', 'fe80::1'],
    ]
    for (const from of fronts) {
      for (let i = 0; i < 2; i += 1) {
        const caller = new Caller(fixture, { from, lines: ['x-forwarded-for', '203.0.113.1'] })
        assert.equal(caller.code, undefined, from)
      }
    }
    for (const from of ['172.32.0.1', '100.128.0.1', '11.0.0.1', '2001:db8::1', '192.169.0.1']) {
      const codes = [1, 2].map(() => new Caller(fixture, { from }).code)
      assert.deepEqual(codes, [undefined, 'too_many_requests'], from)
    }
    // Inside Next there is no address.
    assert.deepEqual(
      [1, 2].map(() => new Caller(fixture, { from: '' }).code),
      [undefined, undefined],
    )
    await until(() => waiting.length === 2 * fronts.length + 5 + 2)
    for (const answer of waiting) answer()
    await fixture.idle()
    const told = fixture.events.filter(({ event }) => event === 'misconfiguration')
    assert.equal(told.length, 1)
    assert.match(String(told[0]?.fields.what), /127\.0\.0\.1.*BFF_TRUST_PROXY/)
    await fixture.close()
    await upstream.close()
  })

  it('that fill a remote are 503 upstream_busy for the next, and no other remote’s', async () => {
    const silent = await startRawUpstream(() => undefined)
    const upstream = await startUpstream()
    const fixture = await startRemote({
      remotes: [
        { target: silent.origin, token: 'none' },
        { name: 'other', target: upstream.origin, token: 'none' },
      ],
      limits: { perAddress: 10_000, perSession: 10_000 },
    })
    const callers = Array.from({ length: 4096 }, () => new Caller(fixture, { from: '' }))
    const next = new Caller(fixture, { from: '' })
    assert.deepEqual([next.status, next.code], [503, 'upstream_busy'])
    const other = await request(fixture.port, '/api/remote/other/x')
    assert.equal(other.status, 200)
    for (const caller of callers) caller.destroy()
    await fixture.idle()
    const free = new Caller(fixture, { from: '' })
    assert.equal(free.code, undefined)
    free.destroy()
    await fixture.close()
    await silent.close()
    await upstream.close()
  })
})
