import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { clientAddress, createForwardedTrust, forwardedChain } from './forwarded.ts'

describe('trust in forwarded headers', () => {
  it('is nobody’s by default', () => {
    const trusts = createForwardedTrust('none')
    assert.equal(trusts('127.0.0.1'), false)
    assert.equal(clientAddress('127.0.0.1', '203.0.113.9', trusts), '127.0.0.1')
  })

  it('is limited to the listed networks, in both address families', () => {
    const trusts = createForwardedTrust(['10.0.0.0/8', 'fd00::/8', '192.0.2.7'])
    assert.equal(trusts('10.9.8.7'), true)
    assert.equal(trusts('::ffff:10.9.8.7'), true)
    assert.equal(trusts('fd12::1'), true)
    assert.equal(trusts('192.0.2.7'), true)
    assert.equal(trusts('192.0.2.8'), false)
    assert.equal(trusts(''), false)
    assert.equal(trusts('unix'), false)
  })

  it('refuses a network that is none', () => {
    assert.throws(() => createForwardedTrust(['example.com']), TypeError)
    assert.throws(() => createForwardedTrust(['10.0.0.0/40']))
  })
})

describe('the client’s address', () => {
  const trusts = createForwardedTrust(['10.0.0.0/8'])

  it('is the last one that no trusted proxy holds', () => {
    assert.equal(clientAddress('10.0.0.1', '6.6.6.6, 203.0.113.9, 10.0.0.2', trusts), '203.0.113.9')
    assert.equal(clientAddress('10.0.0.1', '203.0.113.9', trusts), '203.0.113.9')
  })

  it('is the peer’s when the peer is not trusted, or says nothing usable', () => {
    assert.equal(clientAddress('198.51.100.1', '203.0.113.9', trusts), '198.51.100.1')
    assert.equal(clientAddress('10.0.0.1', undefined, trusts), '10.0.0.1')
    assert.equal(clientAddress('10.0.0.1', '203.0.113.9, <script>', trusts), '10.0.0.1')
  })

  it('is the first one on Vercel, which wrote the whole header', () => {
    const everybody = createForwardedTrust('vercel')
    assert.equal(clientAddress('', '203.0.113.9, 76.76.21.1', everybody), '203.0.113.9')
  })
})

describe('P34: the way that a request took', () => {
  const trusts = createForwardedTrust(['10.0.0.0/8', 'fd00::/8'])

  const table: [title: string, peer: string, list: string | undefined, way: string[]][] = [
    ['nobody is believed', '198.51.100.1', '6.6.6.6, 10.0.0.2', ['198.51.100.1']],
    ['nothing is said', '10.0.0.1', undefined, ['10.0.0.1']],
    ['a list that says nothing', '10.0.0.1', ' , ', ['10.0.0.1']],
    ['a front that appends', '10.0.0.1', '6.6.6.6, 203.0.113.9', ['203.0.113.9', '10.0.0.1']],
    [
      'two fronts',
      '10.0.0.1',
      '1.2.3.4,203.0.113.9,\t10.0.0.2 ',
      ['203.0.113.9', '10.0.0.2', '10.0.0.1'],
    ],
    ['all trusted', '10.0.0.1', '10.0.0.3, 10.0.0.2', ['10.0.0.3', '10.0.0.2', '10.0.0.1']],
    ['a port', '10.0.0.1', '203.0.113.9:443', ['203.0.113.9', '10.0.0.1']],
    [
      'ports of IPv6',
      'fd00::1',
      '[2001:db8::7]:80, [fd00::2]',
      ['2001:db8::7', 'fd00::2', 'fd00::1'],
    ],
    ['IPv4 in IPv6', '::ffff:10.0.0.1', '[::ffff:203.0.113.9]:1', ['203.0.113.9', '10.0.0.1']],
    ['a name', '10.0.0.1', '203.0.113.9, unknown, 10.0.0.2', ['10.0.0.2', '10.0.0.1']],
    ['the word for our socket', '10.0.0.1', '203.0.113.9, unix', ['10.0.0.1']],
  ]
  for (const [title, peer, list, way] of table) {
    it(`begins where nobody vouches any further: ${title}`, () => {
      assert.deepEqual(forwardedChain(peer, list, trusts), way)
    })
  }

  it('ends at whatever is no address', () => {
    const odd = ['[1.2.3.4]', '1.2.3.4:', '1.2.3.4:x', '[::1', '::1]', '[::1]x', 'fe80::1%eth0']
    for (const entry of [...odd, '"203.0.113.9"', 'for=1.2.3.4', '_hidden', '1.2.3', '01.2.3.4']) {
      assert.deepEqual(forwardedChain('10.0.0.1', `203.0.113.9, ${entry}`, trusts), ['10.0.0.1'])
    }
  })

  const stranger = fc.ipV4().filter((it) => !trusts(it))
  const front = fc.ipV4().map((it) => it.replace(/^\d+/, '10'))
  const port = fc.integer({ min: 0, max: 65_535 }).map((it) => `:${it}`)
  const anything = fc.oneof(stranger, front, fc.ipV6(), fc.string())

  it('is told by nothing that stands to the left of the client', () => {
    fc.assert(
      fc.property(
        ...([fc.array(anything), stranger, fc.array(front), front] as const),
        ...([port, fc.constantFrom('', ',', ', ', ' ,\t')] as const),
        (left, client, fronts, peer, port, comma) => {
          const written = [client + port, ...fronts]
          const list = [...left, ...written].join(comma === '' ? ',' : comma)
          assert.deepEqual(forwardedChain(peer, list, trusts), [client, ...fronts, peer])
          assert.equal(clientAddress(peer, list, trusts), client)
        },
      ),
    )
  })

  it('has strangers at its beginning only, and addresses only', () => {
    fc.assert(
      fc.property(fc.array(anything), anything, (list, peer) => {
        const way = forwardedChain(peer, list.join(','), trusts)
        for (const address of way) assert.notEqual(isIP(address), 0)
        for (const address of way.slice(1)) assert.ok(trusts(address))
      }),
    )
  })
})

describe('A19: a peer on our Unix socket', () => {
  it('is trusted where unix is, and has no address', () => {
    const trusts = createForwardedTrust(['unix', '10.0.0.0/8'])
    assert.deepEqual(forwardedChain('unix', '6.6.6.6, 203.0.113.9, 10.0.0.2', trusts), [
      '203.0.113.9',
      '10.0.0.2',
    ])
    assert.equal(clientAddress('unix', undefined, trusts), '')
    assert.equal(clientAddress('unix', '203.0.113.9', createForwardedTrust(['10.0.0.0/8'])), '')
  })
})
