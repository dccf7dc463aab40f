import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clientAddress, createForwardedTrust } from './forwarded.ts'

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
