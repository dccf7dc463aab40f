import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { asksForNonce, parseChallenges, stepUpLoginUrl } from './challenge.ts'

const plain = (header: string | string[]) =>
  parseChallenges(header).map(({ scheme, params }) => [scheme, Object.fromEntries(params)])

describe('WWW-Authenticate (RFC 9110 section 11.6.1)', () => {
  it('is read with several challenges, quoted and bare values, and token68', () => {
    assert.deepEqual(plain('Bearer'), [['bearer', {}]])
    assert.deepEqual(plain('Negotiate dGVzdA=='), [['negotiate', {}]])
    assert.deepEqual(
      plain(
        'DPoP error="use_dpop_nonce", error_description="a \\"b\\", c", algs=ES256, Basic realm=x',
      ),
      [
        ['dpop', { error: 'use_dpop_nonce', error_description: 'a "b", c', algs: 'ES256' }],
        ['basic', { realm: 'x' }],
      ],
    )
    assert.deepEqual(plain(['Bearer realm="a"', 'DPoP']), [
      ['bearer', { realm: 'a' }],
      ['dpop', {}],
    ])
  })

  it('is read without an exception whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.ok(Array.isArray(parseChallenges(text)))
      }),
    )
    assert.deepEqual(parseChallenges('"'.repeat(9000)), [])
    assert.ok(parseChallenges(`Bearer ${'a=b,'.repeat(2000)}`).length <= 1)
  })

  it('asks for a nonce only as DPoP', () => {
    assert.equal(asksForNonce(parseChallenges('DPoP error="use_dpop_nonce"')), true)
    assert.equal(asksForNonce(parseChallenges('Bearer error="use_dpop_nonce"')), false)
  })
})

describe('T13: step-up (RFC 9470)', () => {
  const url = (header: string) => stepUpLoginUrl(parseChallenges(header), '/bff')
  const asked = 'Bearer error="insufficient_user_authentication"'

  it('becomes a login URL with what was asked for', () => {
    assert.equal(
      url(`${asked}, acr_values="urn:a urn:b", max_age="5"`),
      '/bff/login?acr_values=urn%3Aa+urn%3Ab&max_age=5',
    )
    assert.equal(url(`${asked}, max_age=0`), '/bff/login?max_age=0')
  })

  it('leaves out what no authorization request may carry', () => {
    assert.equal(url(`${asked}, acr_values="a\tb", max_age="-1"`), '/bff/login')
    assert.equal(url(`${asked}, max_age="5&prompt=none"`), '/bff/login')
    assert.equal(
      url(`${asked}, acr_values="x&prompt=none"`),
      '/bff/login?acr_values=x%26prompt%3Dnone',
    )
  })

  it('is nothing else', () => {
    assert.equal(url('Bearer error="invalid_token"'), undefined)
    assert.equal(url('Basic error="insufficient_user_authentication"'), undefined)
  })
})
